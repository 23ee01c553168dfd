import { beforeAll, expect, test } from 'vitest'
import { failureOf } from '../kernel/index.ts'
import { loadParser, objectKey, parseStatements } from '../statements/index.ts'
import {
  type Facts,
  type Hazard,
  judge,
  type JudgedMigration,
  type Rule,
  type TableFacts,
} from './index.ts'

beforeAll(loadParser)

const HISTORY = `CREATE TABLE users (id integer PRIMARY KEY, email varchar(100), "teamId" integer);
CREATE TABLE teams (id integer PRIMARY KEY, name text);
CREATE UNIQUE INDEX a_idx ON users (email);
CREATE INDEX users_name_idx ON users (lower(email));
CREATE TYPE mood AS ENUM ('good');
CREATE MATERIALIZED VIEW totals AS SELECT 1 AS a;
ALTER TABLE teams ENABLE ROW LEVEL SECURITY`

function migrationOf(name: string, sql: string): JudgedMigration {
  return { name, path: `${name}/migration.sql`, sql, statements: parseStatements(sql) }
}

function judged(
  sql: string,
  given: { tables?: Facts['tables']; before?: string; rules?: readonly Rule[] } = {},
): Hazard[] {
  const { tables, before = '', rules = [] } = given
  return judge({
    history: [migrationOf('1', HISTORY)],
    migrations: [...(before === '' ? [] : [migrationOf('2', before)]), migrationOf('3', sql)],
    facts: { serverVersion: 180_000, defaultSchema: 'public', ...(tables ? { tables } : {}) },
    rules,
  }).filter(({ migration }) => migration === '3')
}

/** Sizes of tables in the default schema. */
function sizesOf(tables: Readonly<Record<string, TableFacts>>): NonNullable<Facts['tables']> {
  return new Map(
    Object.entries(tables).map(([name, size]) => [
      objectKey({ kind: 'table', schema: null, name }),
      size,
    ]),
  )
}

function idsOf(hazards: readonly Hazard[]): string[] {
  return hazards.map(({ id }) => id)
}

const INDEX = 'CREATE INDEX a ON users (email)'

test('DROP SCHEMA names the tables of the default schema', () => {
  const [hazard] = judged('DROP SCHEMA public CASCADE').filter(({ id }) => id === 'drop-schema')
  expect(hazard?.message).toContain('the tables users, teams')
})

test.each<[string, string, number | undefined, string | undefined]>([
  ['a lock on a table of unknown size', INDEX, undefined, 'error'],
  ['a lock on a big table', INDEX, 5000, 'error'],
  ['a lock on a small table', INDEX, 999, 'info'],
  ['a lock on an empty table', INDEX, 0, undefined],
  ['a failure on a small table', 'ALTER TABLE users ADD a text NOT NULL', 1, 'error'],
  ['a failure on an empty table', 'ALTER TABLE users ADD a text NOT NULL', 0, undefined],
  ['a loss on a small table', 'DROP TABLE users', 1, 'error'],
  ['a loss on an empty table', 'DROP TABLE users', 0, 'error'],
])('%s', (_, sql, rows, severity) => {
  const tables = rows === undefined ? {} : { tables: sizesOf({ users: { rows, bytes: 1 } }) }
  expect(judged(sql, tables)[0]?.severity).toBe(severity)
})

test.each<[string, string, readonly string[]]>([
  ['an index on a new table', 'CREATE TABLE a (b json); CREATE INDEX c ON a (b)', ['json-column']],
  [
    'a new table that is renamed and dropped',
    'CREATE TABLE a (b int); ALTER TABLE a RENAME TO c; DROP TABLE c',
    [],
  ],
  ['a column that is already NOT NULL', 'ALTER TABLE users ALTER id SET NOT NULL', []],
  [
    'NOT NULL after a valid check, in one statement',
    'ALTER TABLE users ADD CHECK (email IS NOT NULL), ALTER email SET NOT NULL',
    ['check-validates'],
  ],
  [
    'a NOT NULL constraint of PostgreSQL 18',
    'ALTER TABLE users ADD CONSTRAINT n NOT NULL email',
    ['not-null-scans'],
  ],
  [
    'a NOT NULL constraint that is not valid, and one of a column that is already NOT NULL',
    'ALTER TABLE users ADD CONSTRAINT n NOT NULL email NOT VALID, ADD NOT NULL id',
    [],
  ],
  [
    'a required column with DEFAULT NULL',
    'ALTER TABLE users ADD a text NOT NULL DEFAULT NULL',
    ['not-null-without-default'],
  ],
  [
    'NOT NULL behind a check that is not valid',
    'ALTER TABLE users ADD CONSTRAINT c CHECK (email IS NOT NULL) NOT VALID; ALTER TABLE users ALTER email SET NOT NULL',
    ['not-null-scans', 'lock-held'],
  ],
  [
    'NOT NULL by a primary key that took over its index',
    'ALTER TABLE users ADD PRIMARY KEY USING INDEX a_idx; ALTER TABLE users ALTER email SET NOT NULL',
    [],
  ],
  [
    'an existing column',
    'ALTER TABLE users ADD IF NOT EXISTS email text; ALTER TABLE users ALTER email TYPE varchar(200)',
    ['cached-plan'],
  ],
  ['a longer text', 'ALTER TABLE users ALTER email TYPE varchar(200)', ['cached-plan']],
  ['a type of a renamed column', 'ALTER TABLE teams ALTER name TYPE varchar', ['cached-plan']],
  [
    'a type of a new column',
    'ALTER TABLE teams ADD a varchar(1); ALTER TABLE teams ALTER a TYPE varchar(2)',
    [],
  ],
  ['a comment with the word', 'VACUUM FULL /* not CONCURRENTLY */ users', ['vacuum-full']],
  [
    'a text with the word',
    `CREATE INDEX a ON users ((email || 'CONCURRENTLY'))`,
    ['index-not-concurrent'],
  ],
  [
    'a key that is validated under the lock that added it',
    'ALTER TABLE users ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES teams NOT VALID; ALTER TABLE users VALIDATE CONSTRAINT f',
    ['lock-held'],
  ],
  [
    'a key that is validated in the same statement',
    'ALTER TABLE users ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES teams NOT VALID, VALIDATE CONSTRAINT f',
    ['lock-held'],
  ],
  [
    'a key that is validated in its own transaction',
    '-- slipway: no-transaction\n\nALTER TABLE users ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES teams NOT VALID; ALTER TABLE users VALIDATE CONSTRAINT f',
    [],
  ],
  [
    'an index, and rows of another table',
    'CREATE INDEX a ON users (email); DELETE FROM teams WHERE id = 1',
    ['index-not-concurrent', 'mixed-backfill'],
  ],
  ['a lock that lets others write', 'LOCK TABLE users IN SHARE UPDATE EXCLUSIVE MODE', []],
  [
    'a lock, and the work under it',
    'LOCK users, teams IN EXCLUSIVE MODE; UPDATE users SET email = lower(email) WHERE id = 1',
    ['lock-table', 'lock-table', 'mixed-backfill'],
  ],
  ['a condition that is always true', 'DELETE FROM users WHERE 1 = 1', ['no-where']],
  [
    'a condition in other words',
    `UPDATE users SET email = '' WHERE NOT false OR id = 1`,
    ['backfill-unbatched', 'no-where'],
  ],
  ['a condition that is never true', 'DELETE FROM users WHERE false AND true', []],
  ['a condition that needs a row', 'DELETE FROM users WHERE true AND id = 1', []],
  [
    'REINDEX of a new index',
    'CREATE TABLE a (b int); CREATE INDEX c ON a (b); REINDEX INDEX c',
    [],
  ],
  ['REINDEX of a schema', 'REINDEX SCHEMA public', ['reindex']],
  [
    'another storage',
    'ALTER TABLE users SET LOGGED, SET TABLESPACE fast',
    ['set-logged', 'set-tablespace'],
  ],
  ['a view that is refreshed concurrently', 'REFRESH MATERIALIZED VIEW CONCURRENTLY totals', []],
  [
    'a new view that is refreshed',
    'CREATE MATERIALIZED VIEW v AS SELECT 1; REFRESH MATERIALIZED VIEW v',
    [],
  ],
  [
    'a new partition',
    'CREATE TABLE p (id int) PARTITION BY LIST (id); CREATE TABLE q (id int); ALTER TABLE p ATTACH PARTITION q FOR VALUES IN (1); ALTER TABLE p DETACH PARTITION q',
    [],
  ],
  [
    'a partition with a valid check',
    'ALTER TABLE totals ATTACH PARTITION users FOR VALUES IN (1); ALTER TABLE teams ADD CHECK (id = 2); ALTER TABLE totals ATTACH PARTITION teams FOR VALUES IN (2)',
    ['attach-scans', 'check-validates', 'lock-held'],
  ],
  ['TRUNCATE of several tables', 'TRUNCATE users, teams', ['truncate', 'truncate']],
  ['TRUNCATE of a new table', 'CREATE TABLE a (b int); TRUNCATE a', []],
  ['a domain that refuses NULL', 'ALTER DOMAIN email SET NOT NULL', ['domain-constraint']],
  ['a domain that allows NULL', 'ALTER DOMAIN email DROP NOT NULL', []],
  [
    'a domain whose validation does not block writers',
    'ALTER DOMAIN email VALIDATE CONSTRAINT c',
    [],
  ],
  [
    'a key that another replaces',
    'ALTER TABLE teams DROP CONSTRAINT teams_pkey, ADD PRIMARY KEY (name)',
    ['drop-primary-key', 'primary-key-in-place'],
  ],
  ['a unique constraint dropped', 'ALTER TABLE teams DROP CONSTRAINT teams_name_key', []],
  [
    'a trigger that is disabled temporarily',
    'ALTER TABLE users DISABLE TRIGGER ALL; ALTER TABLE users ENABLE TRIGGER ALL',
    ['disable-trigger'],
  ],
  ['a trigger enabled', 'ALTER TABLE users ENABLE TRIGGER a', []],
  ['a schema renamed', 'ALTER SCHEMA other RENAME TO another', ['rename-schema']],
  [
    'a view renamed',
    'ALTER VIEW a RENAME TO b; ALTER MATERIALIZED VIEW totals RENAME TO sums',
    ['rename-view', 'rename-view'],
  ],
  ['a view whose name another takes', 'ALTER VIEW a RENAME TO b; CREATE VIEW a AS SELECT 1', []],
  [
    'a type renamed',
    'ALTER TYPE mood RENAME TO feeling; ALTER DOMAIN email RENAME TO mail',
    ['rename-type', 'rename-type'],
  ],
  [
    'a type with the same name in another schema',
    'ALTER TYPE mood RENAME TO feeling; CREATE TYPE other.mood AS ENUM ()',
    ['rename-type'],
  ],
  [
    'objects moved to another schema',
    'ALTER TABLE users SET SCHEMA other; ALTER VIEW v SET SCHEMA other; ALTER TYPE mood SET SCHEMA other; ALTER SEQUENCE s SET SCHEMA other; ALTER FUNCTION f SET SCHEMA other',
    ['set-schema', 'set-schema', 'set-schema', 'set-schema'],
  ],
  ['a file that waits without limit', 'SET lock_timeout = 0', ['lock-timeout-weak']],
  [
    'a file that sets the lock timeout of its session',
    'RESET lock_timeout; RESET ALL',
    ['lock-timeout-weak', 'lock-timeout-weak'],
  ],
  ['a file that raises the lock timeout', `SET LOCAL lock_timeout TO '2s'`, ['lock-timeout-weak']],
  [
    'a file that lowers the lock timeout',
    `SET lock_timeout TO '200ms'; SET LOCAL lock_timeout = 50; SET statement_timeout = 0`,
    [],
  ],
  [
    'a column added and filled in one file',
    'ALTER TABLE users ADD a int; UPDATE users SET a = 1',
    ['mixed-backfill', 'backfill-unbatched'],
  ],
  ['an expression index', 'DROP INDEX CONCURRENTLY users_name_idx', ['drop-inexpressible']],
  ['a transaction around the whole file', 'BEGIN; SELECT 1; COMMIT', ['nested-transaction']],
  [
    "Prisma's change of an enum",
    `ALTER TYPE mood RENAME TO mood_old; CREATE TYPE mood AS ENUM ('bad'); DROP TYPE mood_old`,
    [],
  ],
  ['a value that is used after the commit', `ALTER TYPE mood ADD VALUE 'a'; SELECT 'a'::mood`, []],
  [
    'a foreign key with its index below',
    `ALTER TABLE users ADD CONSTRAINT f FOREIGN KEY ("teamId") REFERENCES teams NOT VALID; CREATE INDEX CONCURRENTLY i ON users ("teamId")`,
    [],
  ],
  [
    'a foreign key in a new column',
    'ALTER TABLE users ADD a int UNIQUE REFERENCES teams',
    ['unique-in-place'],
  ],
  ['a long name in a text', `COMMENT ON TABLE users IS '${'x'.repeat(70)}'`, []],
  ['a table in another schema', 'DROP TABLE other.users', ['drop-table']],
  [
    'a new column that takes the name of an old one',
    `ALTER TABLE users ADD mail varchar(100); UPDATE users SET mail = lower(email) WHERE id < 9;
    ALTER TABLE users DROP email; ALTER TABLE users RENAME mail TO email`,
    ['mixed-backfill', 'drop-column'],
  ],
  [
    'a new column that is renamed, and an old one',
    'ALTER TABLE users ADD a int; ALTER TABLE users RENAME a TO b; ALTER TABLE users RENAME email TO a',
    ['rename-column'],
  ],
  [
    'an index of a new materialized view',
    'CREATE MATERIALIZED VIEW v AS SELECT 1 AS a; ALTER MATERIALIZED VIEW v RENAME TO w; CREATE INDEX i ON w (a)',
    [],
  ],
  [
    'an index of an existing materialized view',
    'CREATE INDEX i ON totals (a)',
    ['index-not-concurrent'],
  ],
  ['a view that is dropped and created again', 'DROP VIEW v; CREATE VIEW v AS SELECT 1', []],
  [
    'a materialized view that another replaces',
    `CREATE MATERIALIZED VIEW w AS SELECT 1; DROP MATERIALIZED VIEW v;
    ALTER MATERIALIZED VIEW w RENAME TO v`,
    [],
  ],
  [
    'a view with the same name in another schema',
    'DROP VIEW v; CREATE VIEW other.v AS SELECT 1',
    ['drop-inexpressible'],
  ],
  [
    'an expression index that is dropped and created again',
    'DROP INDEX CONCURRENTLY users_name_idx; CREATE INDEX CONCURRENTLY users_name_idx ON users (upper(email))',
    [],
  ],
  [
    'a policy that is dropped and created again',
    'DROP POLICY p ON users; CREATE POLICY p ON users USING (true)',
    [],
  ],
  ['a policy', 'DROP POLICY p ON users', ['drop-inexpressible']],
  [
    'row security that is enabled temporarily',
    'ALTER TABLE users ENABLE ROW LEVEL SECURITY; ALTER TABLE users DISABLE ROW LEVEL SECURITY',
    [],
  ],
  [
    'row security that was already on',
    'ALTER TABLE teams ENABLE ROW LEVEL SECURITY; ALTER TABLE teams DISABLE ROW LEVEL SECURITY',
    ['rls-disabled'],
  ],
])('%s', (_, sql, ids) => {
  expect(idsOf(judged(sql))).toEqual(ids)
})

test.each([
  ['UPDATE users SET email = lower(email)', 'all rows of users: '],
  [
    'UPDATE users SET email = lower(email) WHERE "email" IS NOT NULL',
    'all rows of users that match WHERE "email" IS NOT NULL: ',
  ],
])('%s updates %s', (sql, rows) => {
  const [hazard] = judged(sql)
  expect(hazard).toMatchObject({
    id: 'backfill-unbatched',
    message: expect.stringContaining(`One statement updates ${rows}`),
  })
})

test('renames in the history are followed', () => {
  const before = `ALTER TABLE users RENAME TO people; ALTER TABLE people RENAME email TO mail;
ALTER SCHEMA public RENAME TO shop`
  const sql = 'ALTER TABLE shop.people ALTER mail TYPE bigint USING mail::bigint'
  const [hazard] = judged(sql, { before, tables: sizesOf({ users: { rows: 10, bytes: 1 } }) })
  expect(hazard).toMatchObject({
    severity: 'info',
    object: { kind: 'column', schema: 'shop', table: 'people', name: 'mail' },
  })
  expect(hazard?.message).toContain('from character varying(100) to bigint')
})

test("a column's type follows a rename of the type", () => {
  const change = (to: string) => `CREATE TYPE mood_new AS ENUM (${to});
ALTER TABLE teams ALTER mood TYPE mood_new USING (mood::text::mood_new);
ALTER TYPE mood RENAME TO mood_old; ALTER TYPE mood_new RENAME TO mood; DROP TYPE mood_old;`
  const before = `ALTER TABLE teams ADD mood mood; ${change("'a'")}`
  const [hazard] = judged(change("'b'"), { before })
  expect(hazard?.message).toContain('from mood to mood_new')
})

test('a table created by an earlier pending migration is not on the target', () => {
  const before = 'CREATE TABLE a (b int)'
  const tables = sizesOf({ users: { rows: 10_000, bytes: 1 } })
  expect(judged('CREATE INDEX c ON a (b)', { before, tables })).toEqual([])
  expect(idsOf(judged('CREATE INDEX c ON a (b)', { before }))).toEqual(['index-not-concurrent'])
})

test.each([
  ['CREATE /* big */ INDEX a ON users (email)', undefined],
  ['DROP INDEX users_name_idx CASCADE', undefined],
  ['ALTER TABLE users ADD UNIQUE (email) DEFERRABLE', undefined],
  ['ALTER TABLE users ADD CHECK (id > 0)', undefined],
  ['ALTER TABLE users ADD a int, ADD CHECK (id > 0)', undefined],
  ['DROP INDEX "users_name_idx"', 'DROP INDEX CONCURRENTLY "users_name_idx";'],
  [
    'ALTER TABLE users ADD CONSTRAINT c CHECK (id > 0) -- why',
    '-- slipway: no-transaction\nALTER TABLE users ADD CONSTRAINT c CHECK (id > 0) -- why\nNOT VALID;\nALTER TABLE users VALIDATE CONSTRAINT c;',
  ],
  [
    'ALTER TABLE public.users ADD UNIQUE (email, "teamId")',
    '-- slipway: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY "users_email_teamId_key" ON public.users (email, "teamId");\nALTER TABLE public.users ADD CONSTRAINT "users_email_teamId_key" UNIQUE USING INDEX "users_email_teamId_key";',
  ],
])('the safe form of %s', (sql, safeSql) => {
  expect(judged(sql)[0]?.safeSql).toBe(safeSql)
})

test('a partitioned table has no safe form with CONCURRENTLY', () => {
  const before = 'CREATE TABLE p PARTITION OF users FOR VALUES IN (1)'
  expect(judged(INDEX)[0]?.safeSql).toBe('CREATE INDEX CONCURRENTLY a ON users (email);')
  expect(judged(INDEX, { before })[0]).not.toHaveProperty('safeSql')
})

test('an ALTER TABLE takes the strongest lock of its parts', () => {
  const key = 'ADD CONSTRAINT f FOREIGN KEY ("teamId") REFERENCES teams'
  const lockOf = (sql: string) => judged(sql).find(({ id }) => id === 'foreign-key-validates')
  expect(lockOf(`ALTER TABLE users ${key}`)).toMatchObject({
    lock: 'SHARE ROW EXCLUSIVE',
    blocks: 'writes',
  })
  expect(lockOf(`ALTER TABLE users ADD a int, ${key}`)).toMatchObject({
    lock: 'ACCESS EXCLUSIVE',
    blocks: 'reads and writes',
  })
})

test.each<[string, string, readonly string[]]>([
  [
    'above its statement',
    `SELECT 1;\n-- slipway: accept index-not-concurrent (small)\n-- CreateIndex\n${INDEX}`,
    [],
  ],
  [
    'above another',
    `-- slipway: accept index-not-concurrent (small)\nSELECT 1;\n${INDEX}`,
    ['accept-unused', 'index-not-concurrent'],
  ],
  [
    'for the file',
    `-- slipway: accept index-not-concurrent (small)\n\nSELECT 1;\n${INDEX};\nCREATE INDEX b ON users (id)`,
    [],
  ],
  [
    'without a reason',
    `-- slipway: accept index-not-concurrent ()\n${INDEX}`,
    ['accept-without-reason', 'index-not-concurrent'],
  ],
  [
    'unknown',
    `-- slipway: accept index-not-concurent (small)\n${INDEX}`,
    ['accept-unknown', 'index-not-concurrent'],
  ],
  [
    'with a reason outside parentheses',
    `-- slipway: accept index-not-concurrent: small\n${INDEX}`,
    ['accept-unknown', 'index-not-concurrent'],
  ],
  [
    'without parentheses',
    `-- slipway: accept index-not-concurrent small\n${INDEX}`,
    ['accept-without-reason', 'index-not-concurrent'],
  ],
  ['after the last statement', 'SELECT 1;\n-- slipway: accept drop-table (x)', ['accept-unused']],
  ['in a file without statements', '-- slipway: accept drop-table (x)', ['accept-unused']],
  ['in a string', `SELECT '\n-- slipway: accept drop-table (x)\n'`, []],
  ['with CRLF', `SELECT 1;\r\n-- slipway: accept index-not-concurrent (small)\r\n${INDEX}`, []],
])('an acceptance %s', (_, sql, ids) => {
  expect(idsOf(judged(sql))).toEqual(ids)
})

test('an acceptance is not unused if only the size of the table makes it unnecessary', () => {
  const tables = sizesOf({ users: { rows: 0, bytes: 1 } })
  expect(judged(`-- slipway: accept index-not-concurrent (x)\n${INDEX}`, { tables })).toEqual([])
})

test('an unknown hazard is reported at its position, with a suggestion', () => {
  const [hazard] = judged('SELECT 1;\n\n  -- slipway: accept drop-tabel (old)\nDROP TABLE users')
  expect(hazard).toMatchObject({ id: 'accept-unknown', line: 3, column: 3, statement: 2 })
  expect(hazard?.message).toContain('drop-table?')
})

const teamRule: Rule = {
  id: 'team-owns-table',
  title: 'A table without an owner',
  judge: (action) =>
    action.kind === 'create-table'
      ? { severity: 'warning', message: 'Name the owner.' }
      : undefined,
}

test("a project's own rule is judged and accepted like a built-in one", () => {
  expect(idsOf(judged('CREATE TABLE a ()', { rules: [teamRule] }))).toEqual(['team-owns-table'])
  const sql = '-- slipway: accept team-owns-table (a test)\nCREATE TABLE a ()'
  expect(judged(sql, { rules: [teamRule] })).toEqual([])
})

test('two rules with one id are refused', () => {
  let thrown: unknown
  try {
    judged('SELECT 1', { rules: [{ ...teamRule, id: 'drop-table' }] })
  } catch (error) {
    thrown = error
  }
  expect(failureOf(thrown)?.code).toBe('HAZARDS.DUPLICATE_RULE')
})
