import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
import { sqliteWork } from '../../../test/sqlite-work.ts'
import type { MigrationFile } from '../../statements/index.ts'
import { deploy, type DeployOutcome, type DeployRequest, previewDeploy } from '../index.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'slipway-deploy-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
/** A database in a file, and a deploy of its migrations so far. */
function database(d1 = false) {
  const file = path.join(folder, `${files++}.db`)
  new DatabaseSync(file).close()
  const migrations: MigrationFile[] = []
  const query = (sql: string) => {
    const opened = new DatabaseSync(file)
    try {
      return opened
        .prepare(sql)
        .all()
        .map((row) => Object.values(row).join(' '))
    } finally {
      opened.close()
    }
  }
  const run = (sql: string) => {
    const opened = new DatabaseSync(file)
    opened.exec(sql)
    opened.close()
  }
  const add = (sql: string | undefined) => {
    if (sql !== undefined)
      migrations.push({ name: `${String(migrations.length + 1).padStart(4, '0')}_step`, sql })
  }
  function requestOf(more: Partial<DeployRequest>): DeployRequest {
    return {
      ...sqliteWork(file, folder),
      address: {
        kind: 'sqlite',
        file,
        ...(d1 ? { d1: { name: 'shop', migrationsTable: 'd1_migrations' } } : {}),
      },
      migrations,
      limits: { lockTimeoutMs: 200, statementTimeoutMs: 1000 },
      deadlineMs: 10_000,
      acceptDrift: false,
      ...more,
    }
  }
  async function apply(sql?: string, more: Partial<DeployRequest> = {}): Promise<DeployOutcome> {
    add(sql)
    return await deploy(requestOf(more))
  }
  const preview = async (more: Partial<DeployRequest>) => await previewDeploy(requestOf(more))
  return { file, query, run, apply, preview, migrations }
}

const SHOP = `CREATE TABLE "customer" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "name" TEXT NOT NULL, "phone" TEXT);
CREATE TABLE "order" ("id" INTEGER NOT NULL PRIMARY KEY, "customer_id" INTEGER NOT NULL,
  CONSTRAINT "order_customer_fkey" FOREIGN KEY ("customer_id") REFERENCES "customer" ("id") ON DELETE CASCADE ON UPDATE CASCADE);`
const ROWS = `INSERT INTO customer VALUES (1, 'Ann', '1'), (2, 'Bob', '2'); INSERT INTO "order" VALUES (1, 1), (2, 1), (3, 2);`

/** A rebuild as Prisma writes it. */
const rebuild = (columns: string, copied: string) => `PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_customer" (${columns});
INSERT INTO "new_customer" (${copied}) SELECT ${copied} FROM "customer";
DROP TABLE "customer";
ALTER TABLE "new_customer" RENAME TO "customer";
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;`
const REQUIRED_PHONE = rebuild(
  `"id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "name" TEXT NOT NULL, "phone" TEXT NOT NULL`,
  '"id", "name", "phone"',
)

test.each([false, true])('a rebuild keeps the rows of children (D1: %s)', async (d1) => {
  const { apply, run, query } = database(d1)
  expect((await apply(SHOP)).verification).toMatchObject({ verified: true, by: 'schema' })
  run(ROWS)
  const outcome = await apply(REQUIRED_PHONE)
  expect(outcome.failure).toBeUndefined()
  expect(outcome.receipts.map(({ status }) => status)).toEqual(['done'])
  expect(outcome.verification?.verified).toBe(true)
  expect(query('SELECT count(*) FROM "order"')).toEqual(['3'])
  const history = d1
    ? 'SELECT name FROM d1_migrations ORDER BY id'
    : 'SELECT migration_name FROM _prisma_migrations ORDER BY started_at'
  expect(query(history)).toEqual(
    d1 ? ['0001_step.sql', '0002_step.sql'] : ['0001_step', '0002_step'],
  )
  expect((await apply()).receipts).toEqual([])
})

test('lost rows that no statement names undo the migration', async () => {
  const { apply, run, query } = database()
  await apply(SHOP)
  run(ROWS)
  const dump = () => [
    query('SELECT * FROM customer'),
    query('SELECT * FROM "order"'),
    query('SELECT name FROM sqlite_schema'),
  ]
  const before = dump()
  const loses = REQUIRED_PHONE.replaceAll(/PRAGMA.*\n?/g, '')
  const outcome = await apply(loses)
  expect(outcome.failure?.code).toBe('DEPLOY.UNANNOUNCED')
  expect(outcome.failure?.message).toContain('the table order would lose 3 of 3 rows')
  expect(dump()).toEqual(before)
  const accepted = await apply(undefined, { acceptUnannounced: true })
  expect(accepted.failure).toBeUndefined()
  expect(accepted.kept).toMatchObject([
    { kind: 'rows', table: { name: 'order' }, rows: 3, state: 'kept' },
  ])
})

test('dropped data is kept, and needs consent on a protected target', async () => {
  const { apply, run, query } = database()
  await apply(SHOP)
  run(ROWS)
  const drops = `ALTER TABLE customer DROP COLUMN phone; DROP TABLE "order"; DELETE FROM customer WHERE id = 2;`
  await expect(apply(drops, { protected: true, environment: 'production' })).rejects.toThrow(
    /DEPLOY.CONSENT_NEEDED|destroys data/,
  )
  const outcome = await apply(undefined, {
    protected: true,
    environment: 'production',
    consent: { confirm: path.basename(`${files - 1}.db`) },
  })
  expect(outcome.failure).toBeUndefined()
  expect(
    outcome.kept.map(({ kind, table, rows, columns }) => [kind, table.name, rows, columns]),
  ).toEqual([
    ['rows', 'customer', 1, []],
    ['columns', 'customer', 1, ['phone']],
    ['table', 'order', 3, []],
  ])
  expect(query('SELECT * FROM _slipway_kept_2')).toEqual(['1 1'])
})

test('a statement that SQLite refuses leaves nothing, and its position is named', async () => {
  const { apply, run } = database()
  await apply(SHOP)
  run(`${ROWS} UPDATE customer SET phone = NULL WHERE id = 2`)
  await expect(
    apply('CREATE TABLE a (id INTEGER);\nALTER TABLE missing ADD COLUMN x'),
  ).rejects.toMatchObject({
    message: expect.stringContaining('statement 2 of 2: no such table: missing') as string,
  })
})

test('a row that breaks a new constraint is refused by the database itself', async () => {
  const { apply, run, query } = database()
  await apply(SHOP)
  run(`${ROWS} UPDATE customer SET phone = NULL WHERE id = 2`)
  const outcome = await apply(REQUIRED_PHONE)
  expect(outcome.failure).toMatchObject({ code: 'DEPLOY.STATEMENT_FAILED', where: { line: 4 } })
  expect(query('SELECT count(*) FROM customer')).toEqual(['2'])
  expect(outcome.receipts.map(({ status }) => status)).toEqual(['failed'])
})

test('drift stops a deploy', async () => {
  const { apply, run } = database()
  await apply(SHOP)
  run('ALTER TABLE customer ADD COLUMN by_hand TEXT')
  expect((await apply()).drift).toMatchObject([{ change: 'changed', object: { name: 'customer' } }])
  await expect(apply('CREATE TABLE a (id INTEGER)')).rejects.toMatchObject({
    message: expect.stringContaining('differs from its history') as string,
  })
})

const PRODUCTION = { protected: true, environment: 'production' } as const

test('a hazard on a table with rows needs acceptance on a protected target', async () => {
  const { apply, run, query, preview } = database()
  await apply(SHOP)
  run(ROWS)
  const outcome = await apply('ALTER TABLE customer RENAME COLUMN phone TO telephone', PRODUCTION)
  expect(outcome.failure).toMatchObject({ code: 'DEPLOY.HAZARDS', where: { line: 1 } })
  expect(outcome.hazards.map(({ id }) => id)).toEqual(['sqlite-rename-column'])
  expect(outcome.receipts.map(({ status }) => status)).toEqual(['not-run'])
  expect(query('SELECT phone FROM customer')).toEqual(['1', '2'])
  expect((await preview(PRODUCTION)).toAccept).toEqual(['sqlite-rename-column'])
  const accepted = await apply(undefined, {
    ...PRODUCTION,
    acceptHazards: ['sqlite-rename-column'],
  })
  expect(accepted.failure).toBeUndefined()
  expect(query('SELECT telephone FROM customer')).toEqual(['1', '2'])
})

test('a hazard counts neither in development nor for empty tables', async () => {
  const { apply, run } = database()
  await apply(SHOP)
  run(ROWS)
  const outcome = await apply('ALTER TABLE customer RENAME COLUMN phone TO telephone')
  expect(outcome.failure).toBeUndefined()
  run('DELETE FROM customer')
  const renamesBack = 'ALTER TABLE customer RENAME COLUMN telephone TO phone'
  expect((await apply(renamesBack, PRODUCTION)).failure).toBeUndefined()
})

test('a loss with consent by name is not a hazard to accept again', async () => {
  const { apply, run, preview } = database()
  await apply(SHOP)
  run(ROWS)
  const outcome = await apply('ALTER TABLE customer DROP COLUMN phone', {
    ...PRODUCTION,
    consent: { confirm: `${files - 1}.db` },
  })
  expect(outcome.failure).toBeUndefined()
  await expect(preview(PRODUCTION)).resolves.toMatchObject({ toAccept: [] })
})

test('a broken reference that a migration repairs does not hide one that it makes', async () => {
  const { apply, query, run } = database()
  await apply(`CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id));
CREATE TABLE d (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id));`)
  run(
    'PRAGMA foreign_keys = OFF; INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 99); INSERT INTO d VALUES (1, 1)',
  )
  const sql =
    'PRAGMA foreign_keys = OFF; UPDATE c SET p = 1; UPDATE d SET p = 98; PRAGMA foreign_keys = ON;'
  const { failure } = await apply(sql)
  expect(failure?.message).toContain('1 row of d would refer to rows that do not exist')
  expect(query('SELECT p FROM c UNION ALL SELECT p FROM d')).toEqual(['99', '1'])
})

test('a renamed parent brings its broken references along', async () => {
  const { apply, query, run } = database()
  await apply(
    'CREATE TABLE "User" (id INTEGER PRIMARY KEY); CREATE TABLE post (id INTEGER PRIMARY KEY, u INTEGER REFERENCES "user" (id)); CREATE TABLE tag (id INTEGER PRIMARY KEY);',
  )
  run('PRAGMA foreign_keys = OFF; INSERT INTO post VALUES (1, 99); INSERT INTO tag VALUES (1)')
  const sql =
    'PRAGMA foreign_keys = OFF; ALTER TABLE "User" RENAME TO "Person"; DELETE FROM tag; PRAGMA foreign_keys = ON;'
  expect((await apply(sql)).failure).toBeUndefined()
  expect(query('SELECT u FROM post')).toEqual(['99'])
})

test('a table whose rows cannot be kept is still compared', async () => {
  const { apply, query, run } = database()
  await apply(
    'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, _slipway_x INTEGER, p INTEGER REFERENCES p (id) ON DELETE CASCADE);',
  )
  run('INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (1, 1, 1), (2, 2, 2)')
  const { failure } = await apply('DELETE FROM p WHERE id = 1;')
  expect(failure?.code).toBe('DEPLOY.UNANNOUNCED')
  expect(query('SELECT count(*) FROM c')).toEqual(['2'])
})

test('a renamed table brings its broken references along', async () => {
  const { apply, query, run } = database()
  await apply(
    'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id));',
  )
  run('PRAGMA foreign_keys = OFF; INSERT INTO c VALUES (1, 99)')
  const sql =
    'PRAGMA foreign_keys = OFF; ALTER TABLE c RENAME TO e; DELETE FROM p; PRAGMA foreign_keys = ON;'
  expect((await apply(sql)).failure).toBeUndefined()
  expect(query('SELECT p FROM e')).toEqual(['99'])
})
