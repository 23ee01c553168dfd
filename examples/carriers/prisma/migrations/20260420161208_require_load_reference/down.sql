-- Restores: references that may be absent, and may be given twice.
-- Cannot restore: which loads had none. The references that they were given stay.

DROP INDEX "loads_reference_key";

ALTER TABLE "loads" ALTER COLUMN "reference" DROP NOT NULL;
