import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Row, type Session, withSession } from '../../database/index.ts'
import { parserFor, type Statement } from '../../statements/index.ts'
import { observeWrites } from './written-tables.ts'

// Compares the predicted written tables with SQLite: random triggers, views and foreign keys run on rows, and
// each table whose rows changed must have been predicted, as unnamed if no statement names it.

const TABLES = ['a', 'b', 'c', 'd'] as const
const table = fc.constantFrom(...TABLES)
const action = fc.constantFrom('CASCADE', 'SET NULL', 'SET DEFAULT', 'NO ACTION')

/** A table of four rows, whose `ref` refers to another one by its key or by its unique `code`. */
const definition = fc.record({
  parent: table,
  by: fc.constantFrom('id', 'code'),
  onDelete: action,
  onUpdate: action,
  replaces: fc.boolean(),
})

const write = fc.record({
  kind: fc.constantFrom(
    'insert',
    'replace',
    'upsert',
    'update',
    'update or replace',
    'update key',
    'update rowid',
    'delete',
  ),
  on: fc.constantFrom(...TABLES, 'v'),
  row: fc.integer({ min: 1, max: 5 }),
  value: fc.integer({ min: 1, max: 9 }),
})

const trigger = fc.record({
  event: fc.constantFrom('INSERT', 'UPDATE', 'DELETE'),
  on: fc.constantFrom(...TABLES, 'v'),
  body: fc.array(write, { minLength: 1, maxLength: 2 }),
})

function writeSql({ kind, on, row, value }: Write): string {
  switch (kind) {
    case 'insert':
      return `INSERT INTO ${on} (code, n) VALUES (${10 + value}, ${value})`
    case 'replace':
      return `INSERT OR REPLACE INTO ${on} (id, code, n) VALUES (${row}, ${value}, ${value})`
    case 'update or replace':
      return `UPDATE OR REPLACE ${on} SET code = ${value} WHERE id = ${row}`
    case 'upsert':
      return on === 'v'
        ? `DELETE FROM v WHERE id = ${row}`
        : `INSERT INTO ${on} (id, code, n) VALUES (${row}, ${value}, 0) ON CONFLICT DO UPDATE SET code = ${20 + value}`
    case 'update rowid':
      return on === 'v'
        ? `UPDATE v SET n = 7`
        : `UPDATE ${on} SET rowid = ${30 + value} WHERE id = ${row}`
    case 'update key':
      return `UPDATE ${on} SET code = ${value} WHERE id = ${row}`
    case 'update':
      return `UPDATE ${on} SET n = ${value} WHERE id = ${row}`
    default:
      return `DELETE FROM ${on} WHERE id = ${row}`
  }
}

type Write = typeof write extends fc.Arbitrary<infer T> ? T : never

/** Runs statements as a deploy observes them, with foreign keys. What is refused has no effect. */
async function runObserved(session: Session, statements: readonly Statement[]) {
  await session.execute('PRAGMA foreign_keys = ON')
  const writes = await observeWrites(session, true)
  for (const statement of statements) {
    await writes.observe(statement)
    await session.execute(statement.text).catch(() => {})
  }
  return await writes.written([])
}

test('each table that changes was predicted', async () => {
  const { parse } = await parserFor('sqlite')
  let changed = 0
  let lostKeys = 0
  let movedKeys = 0
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(definition, definition, definition, definition),
      fc.array(trigger, { maxLength: 4 }),
      fc.array(write, { minLength: 1, maxLength: 2 }),
      table,
      async (definitions, triggers, writes, viewed) => {
        await withSession({ kind: 'sqlite' }, {}, async (session) => {
          for (const [at, { parent, by, onDelete, onUpdate, replaces }] of definitions.entries()) {
            const conflict = replaces ? ' ON CONFLICT REPLACE' : ''
            await session.execute(
              `CREATE TABLE ${TABLES[at]} (id INTEGER PRIMARY KEY, code INTEGER UNIQUE${conflict}, n INTEGER, was INTEGER,
                ref INTEGER REFERENCES ${parent} (${by}) ON DELETE ${onDelete} ON UPDATE ${onUpdate})`,
            )
          }
          await session.execute(`CREATE VIEW v AS SELECT id, code, n FROM ${viewed}`)
          for (const name of TABLES)
            await session.execute(
              `PRAGMA foreign_keys = OFF; INSERT INTO ${name} SELECT value, value, value, value, value FROM json_each('[1,2,3,4]')`,
            )
          for (const [at, { event, on, body }] of triggers.entries()) {
            const time = on === 'v' ? 'INSTEAD OF' : 'AFTER'
            const texts = body.map((one) => `${writeSql(one)};`).join(' ')
            await session.execute(
              `CREATE TRIGGER t${at} ${time} ${event} ON ${on} BEGIN ${texts} END`,
            )
          }
          const rowsOf = async (name: string) =>
            JSON.stringify(await session.query(`SELECT * FROM ${name} ORDER BY id`))
          const keysOf = async (name: string): Promise<Row[]> =>
            await session.query(`SELECT id, code FROM ${name} ORDER BY id`)
          const before = await Promise.all(TABLES.map(rowsOf))
          const keys = await Promise.all(TABLES.map(keysOf))
          const { any, unnamed, freed, rekeyed } = await runObserved(
            session,
            parse(writes.map((one) => `${writeSql(one)};`).join('\n')),
          )
          for (const [at, name] of TABLES.entries()) {
            if ((await rowsOf(name)) === before[at]) continue
            const isNamed = writes.some(({ on }) => on === name)
            if (!isNamed) changed++
            expect(any.has(name), name).toBe(true)
            expect(isNamed || unnamed.has(name), name).toBe(true)
            const left = (await keysOf(name)).map((one) => JSON.stringify(one))
            const isFreed = !keys[at]?.every((one) => left.includes(JSON.stringify(one)))
            const moved = await session.query(
              `SELECT 1 FROM ${name} WHERE was <> id OR was <> code`,
            )
            if (moved.length > 0) movedKeys++
            expect(moved.length === 0 || rekeyed.has(name), name).toBe(true)
            if (isFreed) lostKeys++
            expect(!isFreed || freed.has(name), name).toBe(true)
          }
        })
      },
    ),
    { numRuns: 400, seed: 20261130 },
  )
  expect(changed).toBeGreaterThan(50)
  expect(lostKeys).toBeGreaterThan(50)
  expect(movedKeys).toBeGreaterThan(50)
})

const SCHEMA = `CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER, code INTEGER GENERATED ALWAYS AS (n * 2) STORED UNIQUE);
CREATE TABLE b (id INTEGER PRIMARY KEY, ref INTEGER REFERENCES a (code) ON UPDATE SET NULL);
CREATE TABLE "Änderung" (x);
CREATE TABLE w (x);
CREATE TRIGGER made AFTER INSERT ON w BEGIN DELETE FROM b WHERE id < 1_000; END;
CREATE VIEW v AS SELECT * FROM b;`

test.each([
  ['a table', 'DELETE FROM b', 'b', []],
  [
    'a trigger that is dropped again',
    'CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END; INSERT INTO a (n) VALUES (1); DROP TRIGGER t',
    'a b',
    ['b'],
  ],
  [
    'a trigger of a dropped table',
    'CREATE TABLE x (y); CREATE TRIGGER t AFTER INSERT ON x BEGIN DELETE FROM b; END; INSERT INTO x VALUES (1); DROP TABLE x',
    'b',
    ['b'],
  ],
  [
    'a temporary trigger',
    'CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END; INSERT INTO a (n) VALUES (1)',
    'a b',
    ['b'],
  ],
  [
    'a view',
    'CREATE TRIGGER t INSTEAD OF DELETE ON v BEGIN DELETE FROM b; END; DELETE FROM v; DROP VIEW v',
    'b',
    ['b'],
  ],
  [
    'a name in between',
    'ALTER TABLE b RENAME TO tmp; DELETE FROM tmp; ALTER TABLE tmp RENAME TO b',
    'b',
    ['b'],
  ],
  ['a lasting name', 'ALTER TABLE b RENAME TO c; DELETE FROM c', 'b', []],
  [
    'a name that is not ASCII',
    'CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM "Änderung"; END; INSERT INTO a (n) VALUES (1)',
    'a Änderung',
    ['Änderung'],
  ],
  ['an existing trigger that only SQLite reads', 'INSERT INTO w VALUES (1)', 'b w', ['b']],
  ['a generated key', 'UPDATE a SET n = 7', 'a b', ['b']],
  [
    'a table that takes the page of a dropped one',
    'DROP TABLE "Änderung"; CREATE TABLE c (x); DELETE FROM c',
    '',
    [],
  ],
  ['a temporary table of the same name', 'CREATE TEMP TABLE b (x); DELETE FROM b', '', []],
  [
    'the schema itself',
    `PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'b'`,
    'a b w Änderung',
    ['a', 'b', 'w', 'Änderung'],
  ],
] as const)('%s', async (_, sql, any, unnamed) => {
  const { parse } = await parserFor('sqlite')
  await withSession({ kind: 'sqlite' }, {}, async (session) => {
    await session.execute(SCHEMA)
    const written = await runObserved(session, parse(sql))
    expect([...written.any].toSorted()).toEqual(any.split(' ').filter(Boolean).toSorted())
    expect([...written.unnamed].toSorted()).toEqual(unnamed)
  })
})

test.each([
  ['an insert', 'INSERT INTO a (n) VALUES (1)', []],
  ['an update of other values', 'UPDATE b SET ref = NULL', []],
  ['an update of a key', 'UPDATE b SET id = id + 1', ['b']],
  [
    'an upsert of other values',
    'INSERT INTO b (id) VALUES (1) ON CONFLICT DO UPDATE SET ref = NULL',
    [],
  ],
  ['a replace of a rowid', 'REPLACE INTO w (rowid, x) VALUES (1, 2)', ['b', 'w']],
  [
    'a trigger that skips rows',
    'CREATE TRIGGER t BEFORE INSERT ON w WHEN NEW.x > 1 BEGIN SELECT RAISE(IGNORE); END; INSERT INTO w VALUES (1)',
    ['b', 'w'],
  ],
  [
    'a rebuild',
    'CREATE TABLE n (x); INSERT INTO n SELECT x FROM w; DROP TABLE w; ALTER TABLE n RENAME TO w',
    [],
  ],
  [
    'SET NULL in a table that refers to itself',
    'CREATE TABLE s (id INTEGER PRIMARY KEY, above INTEGER REFERENCES s (id) ON DELETE SET NULL); UPDATE s SET above = NULL',
    [],
  ],
] as const)('keys that are free after %s', async (_, sql, freed) => {
  const { parse } = await parserFor('sqlite')
  await withSession({ kind: 'sqlite' }, {}, async (session) => {
    await session.execute(SCHEMA)
    expect([...(await runObserved(session, parse(sql))).freed].toSorted()).toEqual(freed)
  })
})
