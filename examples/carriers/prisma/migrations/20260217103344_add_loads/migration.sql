-- CreateEnum
CREATE TYPE "equipment_type" AS ENUM ('DRY_VAN', 'REEFER', 'FLATBED');

-- CreateEnum
CREATE TYPE "load_status" AS ENUM ('PLANNED', 'BOOKED', 'IN_TRANSIT', 'DELIVERED', 'CANCELLED');

-- CreateTable
CREATE TABLE "loads" (
    "id" SERIAL NOT NULL,
    "carrier_id" INTEGER,
    "reference" VARCHAR(24),
    "status" "load_status" NOT NULL DEFAULT 'PLANNED',
    "equipment" "equipment_type" NOT NULL,
    "commodity" VARCHAR(120) NOT NULL,
    "weight_lbs" INTEGER,
    "miles" INTEGER,
    "rate" DECIMAL(10,2) NOT NULL,
    "pickup_city" VARCHAR(80) NOT NULL,
    "pickup_state" CHAR(2) NOT NULL,
    "pickup_at" TIMESTAMPTZ(3) NOT NULL,
    "delivery_city" VARCHAR(80) NOT NULL,
    "delivery_state" CHAR(2) NOT NULL,
    "delivery_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "loads_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "loads_pickup_at_idx" ON "loads"("pickup_at");

-- AddForeignKey
ALTER TABLE "loads" ADD CONSTRAINT "loads_carrier_id_fkey" FOREIGN KEY ("carrier_id") REFERENCES "carriers"("id") ON DELETE CASCADE ON UPDATE CASCADE;
