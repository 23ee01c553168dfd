import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDatabase, type TestDatabase } from '../../test/postgres.ts'
import { applyStatement, type DatabaseSchema, emptySchema } from '../schema/index.ts'
import { loadParser, parseStatements } from '../statements/index.ts'
import { stronger, type LockMode } from './lock-mode.ts'
import { locksOf } from './locks.ts'
import { full } from './names.ts'

// Compares the predicted locks of a statement with pg_locks: all tables, from SHARE UPDATE EXCLUSIVE up.

const SETUP = `CREATE TABLE a (id integer PRIMARY KEY, n integer, t text);
CREATE TABLE b (id integer PRIMARY KEY, "aId" integer);
CREATE TABLE parent (id integer) PARTITION BY RANGE (id);
CREATE TABLE child PARTITION OF parent FOR VALUES FROM (0) TO (10);
CREATE TABLE other (id integer);
CREATE INDEX a_n_idx ON a (n);
CREATE UNIQUE INDEX a_u_idx ON a (id);
ALTER TABLE b ADD CONSTRAINT f FOREIGN KEY ("aId") REFERENCES a NOT VALID;
ALTER TABLE a ADD CONSTRAINT c CHECK (n > 0) NOT VALID;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON a FOR EACH ROW EXECUTE FUNCTION touch();
CREATE POLICY mine ON a USING (true);
CREATE SCHEMA elsewhere`

const TABLES = `SELECT oid, relname AS name FROM pg_class
  WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace`

const TAKEN = `SELECT relation AS oid,
    upper(regexp_replace(regexp_replace(mode, 'Lock$', ''), '(?<=[a-z])(?=[A-Z])', ' ', 'g')) AS mode
  FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'`

const WEAK = ['ACCESS SHARE', 'ROW SHARE', 'ROW EXCLUSIVE']

let database: TestDatabase
let client: pg.Client
let schema: DatabaseSchema
beforeAll(async () => {
  await loadParser()
  database = await createDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query(SETUP)
  schema = parseStatements(SETUP).reduce(
    (all, statement) => applyStatement(all, statement, 'setup'),
    emptySchema('public'),
  )
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

function strongest(locks: readonly (readonly [string, LockMode])[]): Record<string, LockMode> {
  const byTable: Record<string, LockMode> = {}
  for (const [table, lock] of locks) {
    if (!WEAK.includes(lock)) byTable[table] = stronger(lock, byTable[table] ?? lock)
  }
  return byTable
}

/** The locks on the tables that existed before. */
async function taken(sql: string): Promise<Record<string, LockMode>> {
  const tables = await client.query<{ oid: number; name: string }>(TABLES)
  const names = new Map(tables.rows.map(({ oid, name }) => [oid, name]))
  await client.query('BEGIN')
  try {
    await client.query(sql)
    const { rows } = await client.query<{ oid: number; mode: LockMode }>(TAKEN)
    return strongest(
      rows.flatMap(({ oid, mode }): [string, LockMode][] => {
        const name = names.get(oid)
        return name === undefined ? [] : [[name, mode]]
      }),
    )
  } finally {
    await client.query('ROLLBACK')
  }
}

test.each([
  'ALTER TABLE a ADD COLUMN x int',
  'ALTER TABLE a DROP COLUMN t',
  'ALTER TABLE b DROP COLUMN "aId"',
  'ALTER TABLE a SET SCHEMA elsewhere',
  'CREATE POLICY p ON a USING (true)',
  'LOCK TABLE a IN SHARE ROW EXCLUSIVE MODE',
  'LOCK a, other',
  'LOCK TABLE a IN ROW SHARE MODE NOWAIT',
  'ALTER TABLE a ALTER n TYPE bigint',
  'ALTER TABLE a ALTER n SET NOT NULL',
  'ALTER TABLE a ALTER n SET DEFAULT 1',
  'ALTER TABLE a ADD CHECK (n > 1)',
  'ALTER TABLE a VALIDATE CONSTRAINT c',
  'ALTER TABLE b VALIDATE CONSTRAINT f',
  'ALTER TABLE a DROP CONSTRAINT c',
  'ALTER TABLE b DROP CONSTRAINT f',
  'ALTER TABLE a ADD CONSTRAINT u UNIQUE USING INDEX a_u_idx',
  'ALTER TABLE b ADD FOREIGN KEY ("aId") REFERENCES a',
  'ALTER TABLE b ADD COLUMN x int REFERENCES a',
  'ALTER TABLE a ENABLE ROW LEVEL SECURITY',
  'ALTER TABLE a SET (fillfactor = 70)',
  'ALTER TABLE a ALTER n SET STATISTICS 10',
  'ALTER TABLE a ALTER t SET STORAGE EXTERNAL',
  'ALTER TABLE a DISABLE TRIGGER touched',
  'ALTER TABLE a ENABLE ALWAYS TRIGGER touched',
  'ALTER TABLE a CLUSTER ON a_n_idx',
  'ALTER TABLE a REPLICA IDENTITY FULL',
  'ALTER TABLE other SET UNLOGGED',
  'ALTER TABLE a OWNER TO CURRENT_USER',
  'ALTER TABLE parent ATTACH PARTITION other FOR VALUES FROM (10) TO (20)',
  'ALTER TABLE a RENAME n TO m',
  'ALTER TABLE a RENAME CONSTRAINT c TO d',
  'ALTER INDEX a_n_idx RENAME TO a_m_idx',
  'ALTER TRIGGER touched ON a RENAME TO touch',
  'ALTER POLICY mine ON a RENAME TO its',
  'CREATE INDEX ON a (t)',
  'DROP INDEX a_n_idx',
  'CREATE TRIGGER x AFTER INSERT ON a FOR EACH ROW EXECUTE FUNCTION touch()',
  'DROP TRIGGER touched ON a',
  'DROP POLICY mine ON a',
  'CREATE TABLE x (id int REFERENCES a)',
  'CREATE TABLE x (id int, FOREIGN KEY (id) REFERENCES a)',
  'CREATE TABLE x PARTITION OF parent FOR VALUES FROM (10) TO (20)',
  'DROP TABLE other',
  'DROP TABLE b',
  'DROP TABLE a CASCADE',
  'DROP SCHEMA public CASCADE',
  'TRUNCATE other',
  'TRUNCATE a CASCADE',
  'UPDATE a SET n = 1',
  'DELETE FROM a',
  'INSERT INTO a (id) VALUES (1)',
  'CLUSTER a USING a_n_idx',
  'REINDEX TABLE a',
  'REINDEX INDEX a_n_idx',
  // PostgreSQL 13 takes a weaker lock on the partition.
  ...(Number(process.env.TEST_SERVER_VERSION) >= 14
    ? ['ALTER TABLE parent DETACH PARTITION child']
    : []),
])('%s', async (sql) => {
  const actions = parseStatements(sql).flatMap((statement) => statement.actions)
  const claimed = actions.flatMap((action) => locksOf(action, schema))
  expect(strongest(claimed.map(({ table, lock }) => [full({ schema }, table), lock]))).toEqual(
    await taken(sql),
  )
})
