import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { runCli } from '../../../test/cli-in-process.ts'
import { writeProject } from '../../../test/project.ts'
import { sqliteCorpus } from '../../../test/sqlite-corpus.ts'
import type { ShadowOptions } from '../../shadow/index.ts'
import type { FixedMigration } from '../fix.ts'
import { fixMigrations } from '../index.ts'
import { compareSqliteForms } from './compare-forms.ts'

const SHADOW: ShadowOptions = { dialect: 'sqlite', cacheDir: '' }
const facts = { serverVersion: 0, defaultSchema: 'main', dialect: 'sqlite' } as const
const emit = () => {}

const INIT = {
  name: '1_init',
  sql: `CREATE TABLE "Order" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "note" TEXT, "total" INTEGER NOT NULL DEFAULT 0);
CREATE TABLE "Item" ("id" INTEGER NOT NULL PRIMARY KEY, "orderId" INTEGER NOT NULL,
  CONSTRAINT "Item_orderId_fkey" FOREIGN KEY ("orderId") REFERENCES "Order" ("id") ON DELETE CASCADE);
CREATE INDEX "Order_note_idx" ON "Order"("note");
CREATE VIEW "open" AS SELECT "id" FROM "Order" WHERE "total" = 0;
`,
}

let root = ''
afterEach(() => {
  if (root !== '') rmSync(root, { recursive: true })
  root = ''
})

function project(sql: string): void {
  root = writeProject([INIT, { name: '2_change', sql }])
  const schema = path.join(root, 'prisma/schema.prisma')
  writeFileSync(schema, readFileSync(schema, 'utf8').replace('postgresql', 'sqlite'))
  writeFileSync(path.join(root, 'prisma/migrations/migration_lock.toml'), 'provider = "sqlite"\n')
}

interface Document {
  readonly result: {
    readonly migrations: readonly {
      readonly rewritten: readonly { readonly id: string }[]
      readonly written: boolean
      readonly refusal: { readonly code: string; readonly message: string } | null
    }[]
  }
  readonly failure: { readonly code: string } | null
}

async function fix(...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await runCli(['fix', '--json', ...args], {
    cwd: root,
    env: { DATABASE_URL: 'file:./dev.db' },
  })
  return { exitCode, stderr, document: JSON.parse(stdout) as Document }
}

test('a rebuild is written as ALTER TABLE, and a second run finds nothing to do', async () => {
  project(`-- RedefineTables
PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_Order" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "note" TEXT, "paid" BOOLEAN NOT NULL DEFAULT false, "total" INTEGER NOT NULL DEFAULT 0);
INSERT INTO "new_Order" ("id", "note", "total") SELECT "id", "note", "total" FROM "Order";
DROP TABLE "Order";
ALTER TABLE "new_Order" RENAME TO "Order";
CREATE INDEX "Order_note_idx" ON "Order"("note");
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;
`)
  const shown = await fix()
  expect(shown.exitCode).toBe(4)
  expect(shown.document.result.migrations).toMatchObject([{ refusal: null, written: false }])
  const { document, exitCode } = await fix('--write')
  expect(exitCode).toBe(0)
  const [migration] = document.result.migrations
  expect(migration?.rewritten.map(({ id }) => id)).toEqual([
    'rebuild-avoidable',
    'rebuild-autoincrement',
    'rebuild-under-view',
  ])
  expect(readFileSync(path.join(root, 'prisma/migrations/2_change/migration.sql'), 'utf8')).toBe(
    '-- RedefineTables\nALTER TABLE "Order" ADD COLUMN "paid" BOOLEAN NOT NULL DEFAULT false;\n',
  )
  expect(await fix()).toMatchObject({ exitCode: 0, document: { failure: null } })
})

test('forms of remaining rebuilds, and of columns that SQLite rejects, are tested on rows', async () => {
  project(`CREATE TABLE "new_Order" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "note" TEXT NOT NULL DEFAULT '', "total" INTEGER NOT NULL DEFAULT 0);
INSERT INTO "new_Order" ("id", "note", "total") SELECT "id", coalesce("note", ''), "total" FROM "Order";
DROP TABLE "Order";
ALTER TABLE "new_Order" RENAME TO "Order";
ALTER TABLE "Item" ADD COLUMN "count" INTEGER NOT NULL;
ALTER TABLE "Item" ADD COLUMN "code" TEXT UNIQUE;
`)
  const { document } = await fix('--write')
  const [migration] = document.result.migrations
  expect(migration?.refusal).toBeNull()
  expect(migration?.written).toBe(true)
  expect(await fix()).toMatchObject({ document: { result: { migrations: [{ rewritten: [] }] } } })
})

/** Compares an arbitrary form with the original second migration. */
async function compared(original: string, sql: string, ids: readonly string[] = []) {
  const migrations = [INIT, { name: '2_change', sql: original }].map((one) => {
    return { ...one, path: `${one.name}/migration.sql`, folder: one.name }
  })
  const rewritten = ids.map((id) => ({ id, statement: 1, line: 1, done: '' }))
  const fixed: FixedMigration = { name: '2_change', path: '2', sql, edits: [], rewritten, left: [] }
  await compareSqliteForms(fixed, { migrations, names: [], shadow: SHADOW, facts, emit })
}

test.each<[string, string, string]>([
  ['a missing column', 'ALTER TABLE "Item" ADD COLUMN "a" TEXT', 'SELECT 1'],
  [
    'another default',
    `ALTER TABLE "Item" ADD COLUMN "a" TEXT DEFAULT 'x'`,
    `ALTER TABLE "Item" ADD COLUMN "a" TEXT DEFAULT 'y'`,
  ],
  ['other rows', 'UPDATE "Order" SET "total" = 1', 'UPDATE "Order" SET "total" = 2'],
  ['missing child rows', 'SELECT 1', 'DELETE FROM "Item"'],
  ['a missing index', 'SELECT 1', 'DROP INDEX "Order_note_idx"'],
  ['an error', 'SELECT 1', 'DROP TABLE "nothing"'],
])('a form that produces %s is refused', async (_, original, sql) => {
  await expect(compared(original, sql)).rejects.toMatchObject({
    failure: { code: sql.includes('nothing') ? 'SHADOW.REPLAY_FAILED' : 'CHECK.FIX_DIFFERS' },
  })
})

test('random values and clock values are not differences', async () => {
  const sql = `UPDATE "Order" SET "note" = hex(randomblob(8)), "total" = 3`
  await expect(compared(sql, `${sql} WHERE 1 = 1`)).resolves.toBeUndefined()
  const other = sql.replace('3', '4')
  // But a difference in another table is found.
  await expect(
    compared(`${sql}; UPDATE "Item" SET "id" = "id" + 100`, other),
  ).rejects.toMatchObject({
    message: expect.stringContaining('rows of Item') as string,
  })
})

test.skipIf(sqliteCorpus.length === 0)('the corpus: every form is proven', async () => {
  const migrations = sqliteCorpus.map((one) => {
    return { ...one, path: `${one.name}/migration.sql`, folder: one.name }
  })
  const names = migrations.map(({ name }) => name)
  const fixed = await fixMigrations({ migrations, names, shadow: SHADOW, facts, emit })
  expect(fixed.flatMap(({ refusal }) => refusal ?? [])).toEqual([])
  expect(fixed.filter(({ edits }) => edits.length > 0)).toHaveLength(22)
})
