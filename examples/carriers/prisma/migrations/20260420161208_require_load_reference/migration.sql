-- Loads from before the shippers sent a reference get one from their id.
UPDATE "loads" SET "reference" = 'LD-' || lpad("id"::text, 6, '0') WHERE "reference" IS NULL;

-- AlterTable
ALTER TABLE "loads" ALTER COLUMN "reference" SET NOT NULL;

-- CreateIndex
CREATE UNIQUE INDEX "loads_reference_key" ON "loads"("reference");
