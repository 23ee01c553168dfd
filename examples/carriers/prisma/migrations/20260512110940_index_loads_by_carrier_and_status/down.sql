-- Restores: loads without the index on carrier and status. All rows stay.

DROP INDEX CONCURRENTLY "loads_carrier_id_status_idx";
