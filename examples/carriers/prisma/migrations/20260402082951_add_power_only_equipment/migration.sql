-- AlterEnum
ALTER TYPE "equipment_type" ADD VALUE 'POWER_ONLY';
