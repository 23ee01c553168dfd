import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withSession } from '../../database/index.ts'
import { parserFor } from '../../statements/index.ts'
import { passedOn, readPassers } from './passed-on.ts'

// Which tables may change is judged by SQLite: random triggers, views and foreign keys run on rows, and each table that has
// other rows afterwards, and that no statement names, must have been foreseen.

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
  kind: fc.constantFrom('insert', 'replace', 'update', 'update or replace', 'update key', 'delete'),
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
    case 'update key':
      return `UPDATE ${on} SET code = ${value} WHERE id = ${row}`
    case 'update':
      return `UPDATE ${on} SET n = ${value} WHERE id = ${row}`
    default:
      return `DELETE FROM ${on} WHERE id = ${row}`
  }
}

type Write = typeof write extends fc.Arbitrary<infer T> ? T : never

test('each table that changes was named or foreseen', async () => {
  const { parse } = await parserFor('sqlite')
  let changed = 0
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
              `CREATE TABLE ${TABLES[at]} (id INTEGER PRIMARY KEY, code INTEGER UNIQUE${conflict}, n INTEGER,
                ref INTEGER REFERENCES ${parent} (${by}) ON DELETE ${onDelete} ON UPDATE ${onUpdate})`,
            )
          }
          await session.execute(`CREATE VIEW v AS SELECT id, code, n FROM ${viewed}`)
          for (const name of TABLES)
            await session.execute(
              `PRAGMA foreign_keys = OFF; INSERT INTO ${name} SELECT value, value, value, value FROM json_each('[1,2,3,4]')`,
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
          const before = await Promise.all(TABLES.map(rowsOf))
          const statements = parse(writes.map((one) => `${writeSql(one)};`).join('\n'))
          const { reached } = passedOn(statements, await readPassers(session), true)
          await session.execute('PRAGMA foreign_keys = ON')
          for (const { text } of statements) await session.execute(text).catch(() => {})
          for (const [at, name] of TABLES.entries()) {
            if ((await rowsOf(name)) === before[at]) continue
            const isNamed = writes.some(({ on }) => on === name)
            if (!isNamed) changed++
            expect(isNamed || reached.has(name), name).toBe(true)
          }
        })
      },
    ),
    { numRuns: 400, seed: 20261130 },
  )
  expect(changed).toBeGreaterThan(50)
})
