-- AlterTable
ALTER TABLE "contacts" ADD COLUMN     "is_primary" BOOLEAN NOT NULL DEFAULT false;

-- The contact that was entered first is the one whom everybody calls.
UPDATE "contacts" SET "is_primary" = true
WHERE "id" IN (SELECT min("id") FROM "contacts" GROUP BY "carrier_id");

-- Written by hand: a partial index.
CREATE UNIQUE INDEX "contacts_one_primary_key" ON "contacts"("carrier_id") WHERE "is_primary";
