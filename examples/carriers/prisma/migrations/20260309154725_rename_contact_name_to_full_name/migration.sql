-- Prisma wrote DROP COLUMN and ADD COLUMN here. Edited by hand, so that the names stay.
ALTER TABLE "contacts" RENAME COLUMN "name" TO "full_name";
