-- AlterTable
ALTER TABLE "carriers" ADD COLUMN     "power_units" INTEGER,
ADD COLUMN     "usdot_number" VARCHAR(8);

-- CreateIndex
CREATE UNIQUE INDEX "carriers_usdot_number_key" ON "carriers"("usdot_number");
