-- Restores: the schema without loads, their statuses and equipment types.
-- Cannot restore: every load.

DROP TABLE "loads";

DROP TYPE "load_status";

DROP TYPE "equipment_type";
