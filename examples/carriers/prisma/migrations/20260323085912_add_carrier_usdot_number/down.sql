-- Restores: carriers without USDOT number and fleet size.
-- Cannot restore: what was entered in the columns usdot_number and power_units.

ALTER TABLE "carriers" DROP COLUMN "usdot_number",
DROP COLUMN "power_units";
