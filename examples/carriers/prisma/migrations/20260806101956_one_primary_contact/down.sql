-- Restores: contacts that are all alike.
-- Cannot restore: who was the primary contact, where it was not the one entered first.

DROP INDEX "contacts_one_primary_key";

ALTER TABLE "contacts" DROP COLUMN "is_primary";
