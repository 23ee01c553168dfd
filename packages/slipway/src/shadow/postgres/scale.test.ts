import { expect, onTestFinished, test } from 'vitest'
import { createDatabase } from '../../../test/postgres.ts'
import { withSession } from '../../database/index.ts'
import { ConnectionString } from '../../kernel/index.ts'
import { readShape } from '../shape.ts'
import { fillToScale, type ScaledTable } from './scale.ts'

/** Creates tables in a new database, and fills the named ones. */
async function fill(
  sql: string,
  wanted: Readonly<Record<string, number>>,
  distinct: readonly string[] = [],
): Promise<{ readonly filled: readonly ScaledTable[]; ask(query: string): Promise<unknown> }> {
  const database = await createDatabase()
  onTestFinished(database.drop)
  const url = new ConnectionString(database.url)
  const filled = await withSession({ kind: 'postgres', url }, {}, async (session) => {
    await session.execute(sql)
    return await fillToScale(session, {
      tables: await readShape(session),
      wanted: new Map(Object.entries(wanted)),
      distinct: new Set(distinct),
      until: performance.now() + 60_000,
    })
  })
  const ask = async (query: string) =>
    await withSession({ kind: 'postgres', url }, {}, async (session) => {
      const [row] = await session.query<{ answer: unknown }>(`SELECT (${query}) AS answer`)
      return row?.answer
    })
  return { filled, ask }
}

test('tables with all kinds of columns get the exact number of rows, without NULL', async () => {
  const { filled, ask } = await fill(
    `CREATE TYPE mood AS ENUM ('sad', 'ok');
     CREATE TABLE things (id uuid PRIMARY KEY, code varchar(6) UNIQUE, price numeric(8, 2), mood mood NOT NULL,
       at timestamptz(3), day date, tags text[], body jsonb, on_sale boolean, raw bytea, small smallint, ip inet,
       twice bigint GENERATED ALWAYS AS (length(code) * 2) STORED);
     CREATE TABLE counted (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);`,
    { things: 60_000, counted: 3 },
  )
  expect(filled.map(({ table, rows }) => [table.id, rows])).toEqual([
    ['counted', 3],
    ['things', 60_000],
  ])
  const full = 'SELECT count(*) = 60000 FROM things WHERE num_nulls(things.*) = 0'
  expect(
    await ask(full.replace('things.*', 'code, price, at, day, tags, body, raw, small, ip')),
  ).toBe(true)
})

test('foreign keys refer to existing rows, and pairs of them do not repeat', async () => {
  const { filled, ask } = await fill(
    `CREATE TABLE teams (id serial PRIMARY KEY, name text UNIQUE);
     CREATE TABLE users (id uuid PRIMARY KEY, team integer NOT NULL REFERENCES teams, lead uuid REFERENCES users);
     CREATE TABLE likes (a uuid REFERENCES users, b uuid REFERENCES users, PRIMARY KEY (a, b));`,
    { likes: 5000 },
  )
  expect(filled).toMatchObject([{ rows: 5000 }])
  const orphans =
    'SELECT count(*)::int FROM users u LEFT JOIN teams t ON t.id = u.team WHERE t.id IS NULL'
  expect(await ask(orphans)).toBe(0)
  expect(await ask('SELECT count(DISTINCT b)::int > 1 FROM likes')).toBe(true)
})

test('columns whose checks accept few values are filled', async () => {
  const { filled } = await fill(
    `CREATE TABLE reviews (id integer PRIMARY KEY, stars integer CHECK (stars BETWEEN 1 AND 5), state text NOT NULL CHECK (state IN ('new', 'old')));`,
    { reviews: 2000 },
  )
  expect(filled).toMatchObject([{ rows: 2000, wanted: 2000 }])
})

test('a table that cannot be filled is reported', async () => {
  const { filled } = await fill(
    `CREATE TABLE flags (flag boolean PRIMARY KEY);
     CREATE TABLE closed (id integer CHECK (id < 0));`,
    { flags: 100, closed: 100 },
  )
  expect(filled.map(({ table, rows }) => [table.id, rows])).toEqual([
    ['closed', 0],
    ['flags', 2],
  ])
})

test('a column that is to become unique has no duplicates', async () => {
  const { ask } = await fill(
    `CREATE TABLE users (id integer PRIMARY KEY, email text CHECK (email <> '7'), stars integer CHECK (stars < 9));`,
    { users: 3000 },
    ['users email'],
  )
  expect(await ask('SELECT count(*) - count(DISTINCT email) FROM users')).toBe('0')
})
