-- CreateEnum
CREATE TYPE "insurance_kind" AS ENUM ('AUTO_LIABILITY', 'CARGO', 'GENERAL_LIABILITY');

-- CreateTable
CREATE TABLE "insurance_policies" (
    "id" SERIAL NOT NULL,
    "carrier_id" INTEGER NOT NULL,
    "kind" "insurance_kind" NOT NULL,
    "insurer" VARCHAR(120) NOT NULL,
    "policy_number" VARCHAR(40) NOT NULL,
    "coverage_amount" DECIMAL(12,2) NOT NULL,
    "effective_on" DATE NOT NULL,
    "expires_on" DATE NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "insurance_policies_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "insurance_policies_carrier_id_kind_idx" ON "insurance_policies"("carrier_id", "kind");

-- CreateIndex
CREATE INDEX "insurance_policies_expires_on_idx" ON "insurance_policies"("expires_on");

-- CreateIndex
CREATE UNIQUE INDEX "insurance_policies_insurer_policy_number_key" ON "insurance_policies"("insurer", "policy_number");

-- AddForeignKey
ALTER TABLE "insurance_policies" ADD CONSTRAINT "insurance_policies_carrier_id_fkey" FOREIGN KEY ("carrier_id") REFERENCES "carriers"("id") ON DELETE CASCADE ON UPDATE CASCADE;
