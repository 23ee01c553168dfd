-- DropForeignKey
ALTER TABLE "loads" DROP CONSTRAINT "loads_carrier_id_fkey";

-- AddForeignKey
ALTER TABLE "loads" ADD CONSTRAINT "loads_carrier_id_fkey" FOREIGN KEY ("carrier_id") REFERENCES "carriers"("id") ON DELETE SET NULL ON UPDATE CASCADE;
