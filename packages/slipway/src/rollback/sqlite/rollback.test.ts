import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
import { sqliteWork } from '../../../test/sqlite-work.ts'
import { deploy } from '../../deploy/index.ts'
import { attempt } from '../../kernel/index.ts'
import { type Reversible, rollback, type RollbackRequest } from '../index.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'slipway-rollback-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function database(migrations: readonly Reversible[]) {
  const file = path.join(folder, `${files++}.db`)
  new DatabaseSync(file).close()
  const work = {
    ...sqliteWork(file, folder),
    limits: { lockTimeoutMs: 200, statementTimeoutMs: 1000 },
    deadlineMs: 10_000,
  }
  return {
    /** All rows of all tables of the project, and their definitions. */
    dump() {
      const opened = new DatabaseSync(file)
      const tables = opened
        .prepare(
          `SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_*' AND name NOT GLOB 'sqlite_*' ORDER BY name`,
        )
        .all() as { name: string; sql: string }[]
      const rows = tables.map(({ name, sql }) => [
        sql,
        ...opened
          .prepare(`SELECT * FROM "${name}"`)
          .all()
          .map((row) => JSON.stringify(row)),
      ])
      opened.close()
      return rows
    },
    run(sql: string) {
      const opened = new DatabaseSync(file)
      opened.exec(sql)
      opened.close()
    },
    up: async (count: number) =>
      await deploy({ ...work, migrations: migrations.slice(0, count), acceptDrift: false }),
    down: async (more: Partial<RollbackRequest> = {}) =>
      await rollback({
        ...work,
        migrations,
        extent: { kind: 'steps', steps: 1 },
        acceptUnproven: false,
        announce: () => {},
        ...more,
      }),
  }
}

const CUSTOMER = `CREATE TABLE customer (id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, phone TEXT NOT NULL)`
const ORDER = `CREATE TABLE "order" (id INTEGER NOT NULL PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer (id) ON DELETE CASCADE)`
const SHOP = { name: '1_shop', sql: `${CUSTOMER};\n${ORDER};` }
const ROWS = `INSERT INTO customer VALUES (1, 'Ann', '11'), (2, 'Bob', '22'); INSERT INTO "order" VALUES (1, 1), (2, 1), (3, 2);`
const REBUILT = `PRAGMA foreign_keys=OFF;
CREATE TABLE customer_new (id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, phone TEXT NOT NULL);
INSERT INTO customer_new (id, name, phone) SELECT id, name, '' FROM customer;
DROP TABLE customer;
ALTER TABLE customer_new RENAME TO customer;
PRAGMA foreign_keys=ON;`

test('dropped tables and columns, deleted and updated rows are restored', async () => {
  const { up, down, run, dump } = database([
    SHOP,
    {
      name: '2_drops',
      sql: `DROP TABLE "order";\nALTER TABLE customer DROP COLUMN phone;\nDELETE FROM customer WHERE id = 2;\nUPDATE customer SET name = upper(name);`,
      down: `${REBUILT}\n${ORDER};`,
    },
  ])
  await up(1)
  run(ROWS)
  const before = dump()
  expect((await up(2)).failure).toBeUndefined()
  expect(dump()).not.toEqual(before)
  const outcome = await down()
  expect(outcome.failure).toBeUndefined()
  expect(outcome).toMatchObject({ testRun: { kind: 'proven' }, schemaMatches: true })
  expect(outcome.kept.map(({ state }) => state)).toEqual(['restored', 'restored', 'restored'])
  // The definition of a renamed table contains its name in quotes.
  expect(JSON.parse(JSON.stringify(dump()).replaceAll('\\"customer\\" (', 'customer ('))).toEqual(
    before,
  )
})

test('values that were written since stay unchanged', async () => {
  const { up, down, run, dump } = database([
    SHOP,
    { name: '2_upper', sql: `UPDATE customer SET name = upper(name);`, down: '' },
  ])
  await up(1)
  run(ROWS)
  await up(2)
  run(
    `UPDATE customer SET name = 'Bert' WHERE id = 2; INSERT INTO customer VALUES (3, 'Cid', '33')`,
  )
  const outcome = await down()
  expect(outcome.failure).toBeUndefined()
  expect(outcome.kept).toMatchObject([
    { state: 'restored', rows: 2, restored: { rows: 1, since: 1 } },
  ])
  expect(dump()[0]?.slice(1)).toEqual([
    '{"id":1,"name":"Ann","phone":"11"}',
    '{"id":2,"name":"Bert","phone":"22"}',
    '{"id":3,"name":"Cid","phone":"33"}',
  ])
})

test('tables that refer to each other are restored, whatever their names', async () => {
  const { up, down, run, dump } = database([
    {
      name: '1_init',
      sql: 'CREATE TABLE author (id INTEGER PRIMARY KEY); CREATE TABLE book (id INTEGER PRIMARY KEY, author INTEGER NOT NULL REFERENCES author (id));',
    },
    {
      name: '2_drop',
      sql: 'DROP TABLE book; DROP TABLE author;',
      down: 'CREATE TABLE author (id INTEGER PRIMARY KEY); CREATE TABLE book (id INTEGER PRIMARY KEY, author INTEGER NOT NULL REFERENCES author (id));',
    },
  ])
  await up(1)
  run('INSERT INTO author VALUES (1), (2); INSERT INTO book VALUES (5, 2), (6, 1)')
  const before = dump()
  expect((await up(2)).failure).toBeUndefined()
  expect((await down()).failure).toBeUndefined()
  expect(dump()).toEqual(before)
})

test('values that a CHECK compares are restored together', async () => {
  const { up, down, run, dump } = database([
    {
      name: '1_init',
      sql: 'CREATE TABLE span (id INTEGER PRIMARY KEY, low INTEGER, high INTEGER, CHECK (low <= high));',
    },
    { name: '2_less', sql: 'UPDATE span SET low = low - 900, high = high - 900;', down: '' },
  ])
  await up(1)
  run('INSERT INTO span VALUES (1, 1000, 1001), (2, 5, 7)')
  const before = dump()
  await up(2)
  expect((await down()).failure).toBeUndefined()
  expect(dump()).toEqual(before)
})

test('triggers do not fire while rows are restored, except those on a virtual table', async () => {
  const { up, down, run, dump } = database([
    {
      name: '1_init',
      sql: `CREATE TABLE account (id INTEGER PRIMARY KEY, total INTEGER NOT NULL);
CREATE TABLE payment (id INTEGER PRIMARY KEY, account INTEGER, amount INTEGER, note TEXT);
CREATE VIRTUAL TABLE payment_text USING fts5 (note, content='payment', content_rowid='id');
CREATE TRIGGER paid AFTER INSERT ON payment BEGIN UPDATE account SET total = total + NEW.amount WHERE id = NEW.account; END;
CREATE TRIGGER noted AFTER INSERT ON payment BEGIN INSERT INTO payment_text (rowid, note) VALUES (NEW.id, NEW.note); END;
CREATE TRIGGER unnoted AFTER DELETE ON payment BEGIN
  INSERT INTO payment_text (payment_text, rowid, note) VALUES ('delete', OLD.id, OLD.note); END;`,
    },
    { name: '2_less', sql: 'DELETE FROM payment WHERE id < 3;', down: '' },
  ])
  await up(1)
  run(
    `INSERT INTO account VALUES (1, 0); INSERT INTO payment VALUES (1, 1, 5, 'tea'), (2, 1, 7, 'milk'), (3, 1, 9, 'tea')`,
  )
  const tables = () => dump().filter(([sql]) => /TABLE (?:account|payment) /.test(sql ?? ''))
  const before = tables()
  expect(before).toHaveLength(2)
  expect((await up(2)).failure).toBeUndefined()
  expect((await down()).failure).toBeUndefined()
  expect(tables()).toEqual(before)
  run(`INSERT INTO payment_text (payment_text, rank) VALUES ('integrity-check', 1)`)
})

test('data that a rollback destroys is kept', async () => {
  const { up, down, run } = database([
    SHOP,
    {
      name: '2_note',
      sql: 'CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT);',
      down: 'DROP TABLE note;',
    },
  ])
  await up(2)
  run(`INSERT INTO note VALUES (1, 'x')`)
  expect((await down()).failure).toBeUndefined()
  const again = await up(2)
  expect(again.offered).toMatchObject([
    { kind: 'table', table: { name: 'note' }, rows: 1, byRollback: true },
  ])
})

test('a down migration that does not restore the schema is refused', async () => {
  const { up, down, dump } = database([
    SHOP,
    {
      name: '2_note',
      sql: 'CREATE TABLE note (id INTEGER PRIMARY KEY);',
      down: 'DELETE FROM note;',
    },
  ])
  await up(2)
  const before = dump()
  await expect(down()).rejects.toMatchObject({
    message: expect.stringContaining('ROLLBACK.DOWN_INCOMPLETE') as string,
  })
  expect(dump()).toEqual(before)
})

test('rows that a migration inserts into a table that it rebuilt are deleted', async () => {
  const { up, down, run, dump } = database([
    SHOP,
    { name: '2_rebuilds', sql: `${REBUILT}\nINSERT INTO customer VALUES (9, 'Cy', '');` },
  ])
  await up(1)
  run(ROWS)
  const rows = () => dump().flatMap(([, ...all]) => all)
  const before = rows()
  await up(2)
  const announced: unknown[] = []
  await down({ announce: (downs) => announced.push(...downs.flatMap((one) => one.announced)) })
  expect(announced).not.toContainEqual(expect.objectContaining({ kind: 'rows' }))
  expect(rows()).toEqual(before)
})

test('a migration that runs only on the rows of the target is rolled back by its own down.sql', async () => {
  const grown = { name: '2_grown', sql: 'INSERT INTO "order" (id, customer_id) VALUES (9, 1);' }
  const { dump, run, up, down } = database([SHOP, grown])
  await up(1)
  run(ROWS)
  const before = dump()
  expect((await up(2)).failure).toBeUndefined()
  const failed = await attempt(() => down())
  expect(failed).toMatchObject({
    ok: false,
    failure: {
      code: 'SHADOW.REPLAY_FAILED',
      nextActions: [{ kind: 'edit', path: '2_grown/down.sql' }, { kind: 'slipway' }],
    },
  })
  const own = { ...grown, down: 'DELETE FROM "order" WHERE id = 9;' }
  expect((await down({ migrations: [SHOP, own] })).failure).toBeUndefined()
  expect(dump()).toEqual(before)
})
