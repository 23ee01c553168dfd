-- Restores: the column's old name. All rows stay.

ALTER TABLE "contacts" RENAME COLUMN "full_name" TO "name";
