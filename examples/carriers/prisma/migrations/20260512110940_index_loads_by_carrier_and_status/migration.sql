-- The dispatch board reads loads all day: CONCURRENTLY by hand, alone in its file.
CREATE INDEX CONCURRENTLY "loads_carrier_id_status_idx" ON "loads"("carrier_id", "status");
