-- Restores: MC numbers with their prefix, as most were typed. The schema did not change.
-- Cannot restore: how each one was typed (MC-123456, MC123456, mc 123456 or 123456).

UPDATE "carriers" SET "mc_number" = 'MC-' || "mc_number" WHERE "mc_number" ~ '^[0-9]+$';
