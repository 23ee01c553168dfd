import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDatabase, type TestDatabase } from '../../test/postgres.ts'
import { loadParser, parseStatements } from '../statements/index.ts'
import { judge } from './index.ts'

// Compares the predicted cost of a type change with the server, by the files of the table and its index.

let database: TestDatabase
let client: pg.Client
beforeAll(async () => {
  await loadParser()
  database = await createDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query(`SET timezone = 'Europe/Berlin'; CREATE EXTENSION citext`)
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

async function cost(from: string, change: string): Promise<string> {
  await client.query(`DROP TABLE IF EXISTS t; CREATE TABLE t (c ${from})`)
  if (!from.startsWith('xml')) await client.query('CREATE INDEX i ON t (c)')
  const nodes = async () => {
    const { rows } = await client.query<{ t: number; i: number | null }>(
      `SELECT pg_relation_filenode('t') AS t, pg_relation_filenode(to_regclass('i')) AS i`,
    )
    return rows[0]
  }
  const before = await nodes()
  await client.query(`ALTER TABLE t ALTER COLUMN c TYPE ${change}`)
  const after = await nodes()
  if (before?.t !== after?.t) return 'rewrite'
  return before?.i === after?.i ? 'catalog' : 'indexes'
}

function judged(from: string, change: string): string {
  const parsed = (name: string, sql: string) => {
    return { name, path: name, sql, statements: parseStatements(sql) }
  }
  const [hazard] = judge({
    history: [parsed('before', `CREATE TABLE t (c ${from})`)],
    migrations: [parsed('change', `ALTER TABLE t ALTER COLUMN c TYPE ${change}`)],
    facts: { serverVersion: 150_000, defaultSchema: 'public' },
  }).filter(({ id }) => id === 'type-change')
  if (hazard === undefined) return 'catalog'
  return hazard.rewrites ? 'rewrite' : 'indexes'
}

test.each([
  ['varchar(10)', 'varchar(20)'],
  ['varchar(10)', 'varchar(10)'],
  ['varchar(10)', 'varchar'],
  ['varchar(10)', 'text'],
  ['varchar(20)', 'varchar(10)'],
  ['varchar', 'varchar(10)'],
  ['text', 'varchar'],
  ['text', 'varchar(10)'],
  ['text', 'text COLLATE "C"'],
  ['text', 'citext'],
  ['citext', 'text'],
  ['varchar(10)', 'citext'],
  ['char(3)', 'char(5)'],
  ['char(3)', 'text'],
  ['text', 'char(3)'],
  ['numeric(8,2)', 'numeric(10,2)'],
  ['numeric(8,2)', 'numeric(10,3)'],
  ['numeric(8,2)', 'numeric'],
  ['numeric', 'numeric(8,2)'],
  ['numeric(10,2)', 'numeric(8,2)'],
  ['integer', 'bigint'],
  ['integer', 'numeric'],
  ['integer', 'text USING c::text'],
  ['varchar(10)', 'text USING c::text'],
  ['varchar(10)', 'text USING ("c"::text)'],
  ['varchar(10)', 'text USING lower(c)'],
  ['text', 'text USING c::char(3)'],
  ['timestamp(3)', 'timestamp(6)'],
  ['timestamp(3)', 'timestamp'],
  ['timestamp', 'timestamp(6)'],
  ['timestamp', 'timestamp(3)'],
  ['timestamp(3)', 'timestamptz(3)'],
  ['timestamp', 'timestamptz'],
  ['timestamptz', 'timestamp'],
  ['timestamptz(3)', 'timestamptz(6)'],
  ['time(3)', 'time(6)'],
  ['interval(3)', 'interval(6)'],
  ['interval', 'interval(3)'],
  ['date', 'timestamp'],
  ['cidr', 'inet'],
  ['inet', 'cidr'],
  ['varbit(8)', 'varbit(16)'],
  ['varbit(8)', 'varbit'],
  ['varbit(16)', 'varbit(8)'],
  ['bit(8)', 'bit(16)'],
  ['bit(8)', 'varbit'],
  ['xml', 'text'],
  ['varchar[]', 'text[]'],
  ['text[]', 'varchar[]'],
  ['varchar(10)[]', 'varchar(20)[]'],
  ['varchar(10)[]', 'text[]'],
  ['real', 'double precision'],
  ['uuid', 'text'],
  ['boolean', 'text'],
])('%s to %s', async (from, change) => {
  expect(judged(from, change)).toBe(await cost(from, change))
})
