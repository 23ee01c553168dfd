import { rmSync } from 'node:fs'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCli } from './cli-in-process.ts'
import { prismaCli } from './prisma.ts'
import { addMigration, writeProject } from './project.ts'
import { createTarget, shareImages, type TestTarget } from './target.ts'

// A deploy behaves as the pages and messages of hazards say.

const SETUP = `CREATE TYPE "Mood" AS ENUM ('good');
CREATE TABLE "notes" ("id" integer PRIMARY KEY, "mood" "Mood", "text" varchar(100));
INSERT INTO "notes" VALUES (1, 'good', 'a');
CREATE VIEW "texts" AS SELECT "id" FROM "notes";
CREATE SCHEMA other;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
CREATE TRIGGER refuse BEFORE INSERT ON "notes" FOR EACH ROW EXECUTE FUNCTION refuse();
`

let target: TestTarget
let root: string

beforeEach(async () => {
  target = await createTarget()
  root = writeProject([{ name: '1_setup', sql: SETUP }])
  shareImages(root)
  expect((await deploy()).exitCode).toBe(0)
})

afterEach(async () => {
  await target.drop()
  rmSync(root, { recursive: true })
})

async function deploy() {
  return await runCli(['deploy', '--url', target.url, '--json'], { cwd: root })
}

/** Deploys a migration. Returns the exit code. */
async function deployed(sql: string): Promise<number> {
  addMigration(root, { name: '2_next', sql })
  return (await deploy()).exitCode
}

async function columns(): Promise<unknown[]> {
  const rows = await target.sql(
    `SELECT attname FROM pg_attribute WHERE attrelid = 'notes'::regclass AND attnum > 3 AND NOT attisdropped ORDER BY attnum`,
  )
  return rows.map(({ attname }) => attname)
}

async function moods(): Promise<unknown[]> {
  const rows = await target.sql(`SELECT unnest(enum_range(NULL::"Mood"))::text AS mood`)
  return rows.map(({ mood }) => mood)
}

const ENUM = `BEGIN;
ALTER TABLE "notes" ADD COLUMN "a" integer;
ALTER TYPE "Mood" ADD VALUE 'great';
ALTER TABLE "notes" ALTER COLUMN "mood" SET DEFAULT 'great';
`

test('enum-value-used: a deploy commits after the new value, despite the BEGIN', async () => {
  expect(await deployed(`${ENUM}COMMIT;\n`)).toBe(0)
  expect(await moods()).toEqual(['good', 'great'])
})

test('enum-value-used: statements before the commit remain if a later one fails', async () => {
  expect(await deployed(`${ENUM}SELECT 1 / 0;\nCOMMIT;\n`)).toBe(6)
  expect(await moods()).toEqual(['good', 'great'])
  expect(await columns()).toEqual(['a'])
})

test('enum-value-used: prisma migrate deploy fails', async () => {
  addMigration(root, { name: '2_next', sql: `${ENUM}COMMIT;\n` })
  const run = await prismaCli(['migrate', 'deploy'], { cwd: root, databaseUrl: target.url })
  expect(run.code).toBe(1)
  expect(await moods()).toEqual(['good'])
})

test('nested-transaction: a COMMIT keeps the statements above it, and repair must resolve the rest', async () => {
  const sql = `ALTER TABLE "notes" ADD COLUMN "a" integer;
COMMIT;
SELECT 1 / (10 - max("id")) FROM "notes";
ALTER TABLE "notes" ADD COLUMN "b" integer;
`
  await target.sql('UPDATE "notes" SET "id" = 10')
  expect(await deployed(sql)).toBe(6)
  expect(await columns()).toEqual(['a'])
  await target.sql('UPDATE "notes" SET "id" = 1')
  const again = await deploy()
  expect(again).toMatchObject({ exitCode: 2, stdout: expect.stringContaining('HISTORY.FAILED') })
  const repaired = await runCli(['repair', '--undo', '--url', target.url, '--json'], { cwd: root })
  expect(repaired.exitCode, repaired.stdout).toBe(0)
  expect(await columns()).toEqual([])
  expect((await deploy()).exitCode).toBe(0)
  expect(await columns()).toEqual(['a', 'b'])
})

test('nested-transaction: BEGIN and COMMIT around the whole file change nothing', async () => {
  expect(
    await deployed('BEGIN;\nALTER TABLE "notes" ADD "a" integer;\nSELECT 1 / 0;\nCOMMIT;'),
  ).toBe(5)
  expect(await columns()).toEqual([])
})

test('nested-transaction: a block that ends with ROLLBACK is undone, and the migration is applied', async () => {
  expect(await deployed('BEGIN;\nALTER TABLE "notes" ADD "a" integer;\nROLLBACK;')).toBe(0)
  expect(await columns()).toEqual([])
  const [row] = await target.sql(
    `SELECT finished_at IS NOT NULL AS applied FROM _prisma_migrations WHERE migration_name = '2_next'`,
  )
  expect(row).toEqual({ applied: true })
})

test.each([
  ['one transaction', ''],
  ['a transaction for each statement', '-- slipway: no-transaction\n\n'],
])('lock-timeout-weak: a deploy restores its own limit, in %s', async (_, head) => {
  for (const [place, set] of [
    'SET lock_timeout = 0',
    `SET LOCAL lock_timeout = '5min'`,
    'RESET lock_timeout',
  ].entries()) {
    const table = `seen_${place}`
    const seen = `CREATE TABLE ${table} AS SELECT current_setting('lock_timeout')::interval AS waits`
    addMigration(root, { name: `${place + 2}_next`, sql: `${head}${set};\n${seen};\n` })
    expect((await deploy()).exitCode).toBe(0)
    const rows = await target.sql(`SELECT extract(epoch FROM waits) * 1000 AS ms FROM ${table}`)
    expect(Number(rows[0]?.['ms'])).toBeGreaterThan(0)
    expect(Number(rows[0]?.['ms'])).toBeLessThanOrEqual(200)
  }
})

test('cached-plan: a prepared statement fails until it is prepared again', async () => {
  const client = new pg.Client({ connectionString: target.url })
  await client.connect()
  try {
    const query = { name: 'by_id', text: 'SELECT "text" FROM "notes" WHERE "id" = $1', values: [1] }
    await client.query(query)
    expect(await deployed('ALTER TABLE "notes" ALTER "text" TYPE varchar(200);')).toBe(0)
    for (const values of [[1], [2]]) {
      await expect(client.query({ ...query, values })).rejects.toMatchObject({
        code: '0A000',
        message: 'cached plan must not change result type',
      })
    }
    expect((await client.query({ ...query, name: 'again' })).rows).toEqual([{ text: 'a' }])
  } finally {
    await client.end()
  }
})

test('set-schema, rename-view, rename-type and rename-schema: clients that use the old name fail', async () => {
  const fails = async (sql: string) => {
    await expect(target.sql(sql)).rejects.toThrow('does not exist')
  }
  expect(
    await deployed('ALTER VIEW "texts" RENAME TO "words"; ALTER TYPE "Mood" RENAME TO "Feeling";'),
  ).toBe(0)
  await fails('SELECT * FROM "texts"')
  await fails(`INSERT INTO "notes" VALUES (2, 'good'::"Mood")`)
  addMigration(root, { name: '3_next', sql: 'ALTER TABLE "notes" SET SCHEMA other;' })
  expect((await deploy()).exitCode).toBe(0)
  await fails('SELECT * FROM "notes"')
  addMigration(root, { name: '4_next', sql: 'ALTER SCHEMA other RENAME TO another;' })
  expect((await deploy()).exitCode).toBe(0)
  await fails('SELECT * FROM other."notes"')
})

test('drop-primary-key: upserts fail, and so do changes of published rows', async () => {
  await target.sql('CREATE PUBLICATION all_of_it FOR TABLE "notes"')
  expect(await deployed('ALTER TABLE "notes" DROP CONSTRAINT "notes_pkey";')).toBe(0)
  const upsert = `INSERT INTO "notes" VALUES (1) ON CONFLICT ("id") DO NOTHING`
  await expect(target.sql(upsert)).rejects.toThrow('no unique or exclusion constraint matching')
  await expect(target.sql('DELETE FROM "notes"')).rejects.toThrow('replica identity')
})

test('disable-trigger: the writes of all clients bypass the trigger', async () => {
  await expect(target.sql('INSERT INTO "notes" VALUES (2)')).rejects.toThrow('no')
  expect(await deployed('ALTER TABLE "notes" DISABLE TRIGGER refuse;')).toBe(0)
  await target.sql('INSERT INTO "notes" VALUES (2)')
})
