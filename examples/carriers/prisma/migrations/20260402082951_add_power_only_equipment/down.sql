-- Restores: the equipment types without POWER_ONLY.
-- Cannot restore: which loads were POWER_ONLY. They become DRY_VAN, as they were entered before.

ALTER TYPE "equipment_type" RENAME TO "equipment_type_after";

CREATE TYPE "equipment_type" AS ENUM ('DRY_VAN', 'REEFER', 'FLATBED');

ALTER TABLE "loads" ALTER COLUMN "equipment" TYPE "equipment_type" USING (
    CASE WHEN "equipment" = 'POWER_ONLY' THEN 'DRY_VAN' ELSE "equipment"::text END
)::"equipment_type";

DROP TYPE "equipment_type_after";
