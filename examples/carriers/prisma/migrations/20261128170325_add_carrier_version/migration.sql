-- AlterTable
ALTER TABLE "carriers" ADD COLUMN     "version" INTEGER NOT NULL DEFAULT 1;
