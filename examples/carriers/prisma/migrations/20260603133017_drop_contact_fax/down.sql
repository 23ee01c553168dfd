-- Restores: the column fax of contacts, empty.
-- Cannot restore: the fax numbers.

ALTER TABLE "contacts" ADD COLUMN "fax" VARCHAR(32);
