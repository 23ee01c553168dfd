-- Restores: loads that are deleted together with their carrier. All rows stay.

ALTER TABLE "loads" DROP CONSTRAINT "loads_carrier_id_fkey";

ALTER TABLE "loads" ADD CONSTRAINT "loads_carrier_id_fkey" FOREIGN KEY ("carrier_id") REFERENCES "carriers"("id") ON DELETE CASCADE ON UPDATE CASCADE;
