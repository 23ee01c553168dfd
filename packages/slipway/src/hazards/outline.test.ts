import { beforeAll, expect, test } from 'vitest'
import { loadParser, objectKey, objectName, parseStatements } from '../statements/index.ts'
import { type JudgedMigration, outline } from './index.ts'

beforeAll(loadParser)

const HISTORY = `CREATE TABLE users (id integer PRIMARY KEY, email text, "teamId" integer);
CREATE TABLE teams (id integer PRIMARY KEY);`

function migrationOf(name: string, sql: string): JudgedMigration {
  return { name, path: `${name}/migration.sql`, sql, statements: parseStatements(sql) }
}

/** What the last statement does: `users SHARE, builds an index`. */
function lastOf(sql: string, tables: readonly string[] = ['users', 'teams']) {
  const size = { rows: 1, bytes: 8192 }
  const sizes = new Map(
    tables.map((name) => [objectKey({ kind: 'table', schema: null, name }), size]),
  )
  const steps = outline({
    history: [migrationOf('1', HISTORY)],
    migrations: [migrationOf('2', sql)],
    facts: { serverVersion: 150_000, defaultSchema: 'public', tables: sizes },
  })
  return steps
    .at(-1)
    ?.tables.map(({ table, lock, work }) =>
      [objectName(table), lock, work].filter(Boolean).join(', '),
    )
}

test.each<[string, readonly string[]]>([
  ['ALTER TABLE users ADD a int', ['users, ACCESS EXCLUSIVE']],
  ['CREATE INDEX ON users (email)', ['users, SHARE, builds an index']],
  [
    'CREATE INDEX CONCURRENTLY a ON users (email)',
    ['users, SHARE UPDATE EXCLUSIVE, builds an index concurrently'],
  ],
  [
    'ALTER TABLE users ALTER email SET NOT NULL, ALTER id TYPE bigint',
    ['users, ACCESS EXCLUSIVE, rewrites every row'],
  ],
  [
    'ALTER TABLE users ADD FOREIGN KEY ("teamId") REFERENCES teams (id)',
    ['users, SHARE ROW EXCLUSIVE, reads every row', 'teams, SHARE ROW EXCLUSIVE'],
  ],
  ['ALTER TABLE users RENAME TO people; DROP TABLE people', ['users, ACCESS EXCLUSIVE']],
  ['CREATE TABLE a (id int); CREATE INDEX ON a (id)', []],
  ['CREATE TABLE a (id int); ALTER TABLE a RENAME TO b; DROP TABLE b', []],
  ['INSERT INTO users VALUES (1)', ['users, ROW EXCLUSIVE']],
  ['UPDATE elsewhere SET a = 1', []],
  ['SELECT 1', []],
])('%s', (sql, expected) => {
  expect(lastOf(sql)).toEqual(expected)
})

test('a table that no migration created is known from the target', () => {
  expect(lastOf('DELETE FROM elsewhere', ['elsewhere'])).toEqual(['elsewhere, ROW EXCLUSIVE'])
})
