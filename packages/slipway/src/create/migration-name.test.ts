import { expect, test } from 'vitest'
import { parserFor } from '../statements/index.ts'
import { nameOf } from './migration-name.ts'

const { parse } = await parserFor('postgres')

test.each([
  ['ALTER TABLE "User" ADD COLUMN "emailAddress" text', 'add_user_email_address'],
  [
    'CREATE TABLE "Invoice" ("id" int); CREATE UNIQUE INDEX i ON "Invoice" ("id")',
    'create_invoice',
  ],
  [
    'CREATE TABLE a (id int); CREATE TABLE b (id int); ALTER TABLE b ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES a (id)',
    'create_a_and_1_more',
  ],
  ['DROP TABLE "OldThing"', 'drop_old_thing'],
  ['ALTER TABLE t DROP COLUMN "phone"', 'drop_t_phone'],
  ['ALTER TABLE t RENAME COLUMN a TO b', 'rename_a_to_b'],
  ['ALTER TABLE t ALTER COLUMN a SET NOT NULL, ALTER COLUMN a SET DEFAULT 1', 'change_t_a'],
  ['CREATE INDEX i ON t (a, b)', 'index_t_a_b'],
  [`ALTER TYPE "Role" ADD VALUE 'ADMIN'`, 'add_role_admin'],
  [`CREATE TYPE "Role" AS ENUM ('A')`, 'create_role'],
  [
    'ALTER TABLE t ADD COLUMN a int; ALTER TABLE t ADD COLUMN b int; DROP INDEX i',
    'add_t_a_and_2_more',
  ],
  ['SELECT 1', 'change'],
  ['ALTER TABLE "Größe" ADD COLUMN "ß" int', 'add_gr_e'],
  [
    'ALTER TABLE customer_notification_preferences ADD COLUMN weekly_summary_enabled boolean',
    'add_customer_notification_preferences',
  ],
  [`CREATE TABLE ${'a'.repeat(60)} (id int)`, `create_${'a'.repeat(33)}`],
])('%s: %s', (sql, name) => {
  expect(nameOf(parse(sql))).toBe(name)
  expect(name.length).toBeLessThanOrEqual(40)
})

test('a table that is rebuilt on SQLite is changed, not created', async () => {
  const { parse: parseSqlite } = await parserFor('sqlite')
  const sql = `PRAGMA foreign_keys=OFF;
    CREATE TABLE "new_User" ("id" INTEGER PRIMARY KEY, "name" TEXT NOT NULL);
    INSERT INTO "new_User" ("id", "name") SELECT "id", "name" FROM "User";
    DROP TABLE "User"; ALTER TABLE "new_User" RENAME TO "User"; CREATE INDEX "i" ON "User"("name");
    PRAGMA foreign_keys=ON;`
  expect(nameOf(parseSqlite(sql))).toBe('change_user')
})
