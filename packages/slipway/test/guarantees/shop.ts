import type { TestMigration } from '../project.ts'

/**
 * A history with every way in which migrations run: whole files, explicit transaction blocks, concurrent
 * builds and drops, an enum value that is used immediately, and data migrations that show whether they ran
 * twice or not at all.
 */
export const SHOP: readonly TestMigration[] = [
  {
    name: '20260101000000_init',
    sql: `CREATE TYPE "Status" AS ENUM ('NEW', 'PAID');
CREATE TABLE "Order" ("id" SERIAL PRIMARY KEY, "status" "Status" NOT NULL DEFAULT 'NEW', "note" TEXT, "runs" INTEGER NOT NULL DEFAULT 0);
INSERT INTO "Order" ("note") SELECT 'note ' || n FROM generate_series(1, 3000) AS n;
`,
    down: 'DROP TABLE "Order";\nDROP TYPE "Status";\n',
  },
  {
    name: '20260102000000_indexes',
    sql: `UPDATE "Order" SET "runs" = "runs" + 1;
CREATE INDEX CONCURRENTLY "Order_note_idx" ON "Order"("note");
UPDATE "Order" SET "runs" = "runs" + 1;
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "Order_id_note_key" ON "Order"("id", "note");
`,
    down: `UPDATE "Order" SET "runs" = "runs" - 1;
DROP INDEX CONCURRENTLY "Order_id_note_key";
UPDATE "Order" SET "runs" = "runs" - 1;
DROP INDEX CONCURRENTLY "Order_note_idx";
`,
  },
  {
    name: '20260103000000_enum_used_at_once',
    sql: `ALTER TYPE "Status" ADD VALUE 'SENT';
UPDATE "Order" SET "status" = 'SENT', "runs" = "runs" + 10 WHERE "id" <= 10;
`,
    down: `UPDATE "Order" SET "status" = 'NEW', "runs" = "runs" - 10 WHERE "status" = 'SENT';
ALTER TABLE "Order" ALTER COLUMN "status" DROP DEFAULT;
CREATE TYPE "Status_old" AS ENUM ('NEW', 'PAID');
ALTER TABLE "Order" ALTER COLUMN "status" TYPE "Status_old" USING "status"::text::"Status_old";
DROP TYPE "Status";
ALTER TYPE "Status_old" RENAME TO "Status";
ALTER TABLE "Order" ALTER COLUMN "status" SET DEFAULT 'NEW';
`,
  },
  {
    name: '20260104000000_blocks',
    sql: `BEGIN;
ALTER TABLE "Order" ADD COLUMN "paidAt" TIMESTAMP(3);
UPDATE "Order" SET "runs" = "runs" + 100;
COMMIT;
BEGIN;
CREATE TABLE "Line" ("id" SERIAL PRIMARY KEY, "orderId" INTEGER NOT NULL REFERENCES "Order"("id"));
INSERT INTO "Line" ("orderId") SELECT "id" FROM "Order" ORDER BY "id" LIMIT 20;
COMMIT;
`,
    down: `BEGIN;
DROP TABLE "Line";
COMMIT;
BEGIN;
ALTER TABLE "Order" DROP COLUMN "paidAt";
UPDATE "Order" SET "runs" = "runs" - 100;
COMMIT;
`,
  },
  {
    name: '20260105000000_whole',
    sql: `ALTER TABLE "Line" ADD COLUMN "amount" INTEGER NOT NULL DEFAULT 1;
UPDATE "Order" SET "runs" = "runs" + 1000;
`,
    down: 'UPDATE "Order" SET "runs" = "runs" - 1000;\nALTER TABLE "Line" DROP COLUMN "amount";\n',
  },
  {
    name: '20260105010000_destroys',
    sql: `ALTER TABLE "Order" DROP COLUMN "note";
DELETE FROM "Order" WHERE "id" % 7 = 0 AND "id" > 100;
DROP TABLE "Line";
`,
    down: `CREATE TABLE "Line" ("id" SERIAL PRIMARY KEY, "orderId" INTEGER NOT NULL REFERENCES "Order"("id"), "amount" INTEGER NOT NULL DEFAULT 1);
ALTER TABLE "Order" ADD COLUMN "note" TEXT;
CREATE INDEX "Order_note_idx" ON "Order"("note");
CREATE UNIQUE INDEX "Order_id_note_key" ON "Order"("id", "note");
`,
  },
]

/** The rows of a database, which show how often each data migration ran. */
export const ROWS_SQL = `SELECT "status"::text AS status, "runs", count(*)::int AS rows,
  md5(string_agg(to_jsonb(o) ->> 'note', ',' ORDER BY "id")) AS notes FROM "Order" AS o GROUP BY 1, 2 ORDER BY 1, 2, 3, 4`

/** The data that is kept now, each item once, with its number of rows. */
export const KEPT_SQL = `SELECT migration, statement, kind, table_name, rows::int FROM slipway.kept
  WHERE restored_at IS NULL ORDER BY 1, 2, 3, 4`
