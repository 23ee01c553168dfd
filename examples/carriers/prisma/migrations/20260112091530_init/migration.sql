-- CreateTable
CREATE TABLE "carriers" (
    "id" SERIAL NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "mc_number" VARCHAR(20),
    "home_state" CHAR(2),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "carriers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "contacts" (
    "id" SERIAL NOT NULL,
    "carrier_id" INTEGER NOT NULL,
    "name" VARCHAR(120) NOT NULL,
    "title" VARCHAR(60),
    "email" VARCHAR(255),
    "phone" VARCHAR(32),
    "fax" VARCHAR(32),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "contacts_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "carriers_mc_number_key" ON "carriers"("mc_number");

-- CreateIndex
CREATE INDEX "carriers_name_idx" ON "carriers"("name");

-- CreateIndex
CREATE INDEX "contacts_carrier_id_idx" ON "contacts"("carrier_id");

-- AddForeignKey
ALTER TABLE "contacts" ADD CONSTRAINT "contacts_carrier_id_fkey" FOREIGN KEY ("carrier_id") REFERENCES "carriers"("id") ON DELETE CASCADE ON UPDATE CASCADE;
