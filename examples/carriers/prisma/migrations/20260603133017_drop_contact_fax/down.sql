-- Brings back: the column fax of contacts, empty.
-- Cannot bring back: the fax numbers.

ALTER TABLE "contacts" ADD COLUMN "fax" VARCHAR(32);
