import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SHADOW } from '../../test/target.ts'
import type { Hazard } from '../hazards/index.ts'
import { observedHazards } from '../hazards/index.ts'
import { checkMigrations } from './index.ts'

// Hazards of a migration that only its test run shows, not its text.

/** The hazards of a migration after a set-up. */
async function hazardsOf(setup: string, sql: string, withoutTestRun = false): Promise<Hazard[]> {
  const files = [
    { name: '1_setup', sql: setup },
    { name: '2_next', sql },
  ]
  const [checked] = await checkMigrations({
    migrations: files.map((file) => ({ ...file, path: `${file.name}/migration.sql` })),
    names: [],
    shadow: SHADOW,
    rules: [],
    facts: { serverVersion: 150_000, defaultSchema: 'public' },
    withoutTestRun,
    emit: () => {},
  })
  expect(checked?.refusal).toBeUndefined()
  return [...(checked?.hazards ?? [])]
}

/** The findings of the test run, as `id object lock`. */
async function observed(setup: string, sql: string): Promise<string[]> {
  return (await hazardsOf(setup, sql)).flatMap(({ id, object, lock }) => {
    if (!id.startsWith('observed-') || object === undefined || !('schema' in object)) return []
    const name = object.schema === null ? object.name : `${object.schema}.${object.name}`
    return [`${id} ${name} ${lock}`]
  })
}

function pageOf(id: string) {
  const text = readFileSync(new URL(`../../../../docs/hazards/${id}.md`, import.meta.url), 'utf8')
  const sql = (heading: string) =>
    new RegExp(`## ${heading}\n\n\`\`\`sql\n(.*?)\n\`\`\``, 's').exec(text)?.[1] ?? ''
  const setup = /^<!-- setup:\s(.*?)\s?-->$/ms.exec(text)?.[1] ?? ''
  return { setup, insteadOf: sql('Instead of'), use: sql('Use') }
}

test.each(observedHazards)(
  'the page of $id: "Instead of" is found, "Use" is not',
  async ({ id }) => {
    const { setup, insteadOf, use } = pageOf(id)
    const ids = (hazards: readonly Hazard[]) => hazards.filter((hazard) => hazard.id === id)
    expect(ids(await hazardsOf(setup, insteadOf))).toHaveLength(1)
    expect(ids(await hazardsOf(setup, insteadOf, true))).toEqual([])
    expect(ids(await hazardsOf(setup, use))).toEqual([])
  },
)

const SHOP = `CREATE TYPE mood AS ENUM ('good');
CREATE DOMAIN positive AS integer;
CREATE MATERIALIZED VIEW sums AS SELECT n FROM generate_series(1, 100) AS n;
CREATE SCHEMA billing;
CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL, "Mood" mood);
CREATE TABLE orders (id integer PRIMARY KEY, "userId" integer REFERENCES users, amount positive);
CREATE TABLE billing."In voice" (id integer PRIMARY KEY, "orderId" integer REFERENCES orders);
CREATE TABLE events (id integer, day date) PARTITION BY RANGE (day);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE events_2 PARTITION OF events DEFAULT;
CREATE TABLE base (id integer, note text);
CREATE TABLE heir (more text) INHERITS (base);
CREATE VIEW addresses AS SELECT email FROM users;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
CREATE FUNCTION lock_users() RETURNS void LANGUAGE plpgsql AS 'BEGIN LOCK TABLE users IN SHARE MODE; END';`

test.each<[string, string, string[]]>([
  ['a function', 'SELECT lock_users()', ['observed-lock users SHARE']],
  [
    'a DO block in another schema',
    `DO $$ BEGIN ALTER TABLE billing."In voice" ADD note text; END $$`,
    ['observed-lock billing.In voice ACCESS EXCLUSIVE'],
  ],
  [
    'a type dropped with its columns',
    'DROP TYPE mood CASCADE',
    ['observed-lock users ACCESS EXCLUSIVE'],
  ],
  [
    'a function dropped with its triggers',
    'DROP FUNCTION touch() CASCADE',
    ['observed-lock users ACCESS EXCLUSIVE'],
  ],
  [
    'the keys to a column that gets another type',
    'ALTER TABLE users ALTER id TYPE bigint',
    ['observed-lock orders ACCESS EXCLUSIVE', 'observed-scan orders ACCESS EXCLUSIVE'],
  ],
  [
    'a table that was renamed before',
    'ALTER TABLE orders RENAME TO purchases; DO $$ BEGIN ALTER TABLE purchases ADD note text; END $$',
    [],
  ],
  [
    'the default partition, read for a new one',
    `CREATE TABLE events_3 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')`,
    ['observed-scan events_2 ACCESS EXCLUSIVE'],
  ],
  [
    'rows deleted by a foreign key, a row of which is updated by another',
    `CREATE TABLE child (id integer REFERENCES users ON DELETE CASCADE, other integer REFERENCES orders ON DELETE SET NULL);
     DELETE FROM users`,
    [],
  ],
  [
    'a function that deletes',
    `DO $$ BEGIN DELETE FROM billing."In voice"; END $$`,
    ['observed-destruction billing.In voice undefined'],
  ],
  [
    'tables emptied by CASCADE',
    'TRUNCATE orders CASCADE',
    ['observed-destruction billing.In voice undefined'],
  ],
  [
    'a partition emptied by code',
    `DO $$ BEGIN TRUNCATE events_2; END $$`,
    ['observed-lock events_2 ACCESS EXCLUSIVE', 'observed-destruction events_2 undefined'],
  ],
  [
    'a table and a column dropped by code',
    `DO $$ BEGIN DROP TABLE billing."In voice"; ALTER TABLE base DROP note; END $$`,
    [
      'observed-lock base ACCESS EXCLUSIVE',
      'observed-lock billing.In voice ACCESS EXCLUSIVE',
      'observed-lock heir ACCESS EXCLUSIVE',
      'observed-lock orders ACCESS EXCLUSIVE',
      'observed-destruction base undefined',
      'observed-destruction heir undefined',
      'observed-destruction billing.In voice undefined',
    ],
  ],
  [
    'a statement outside a transaction',
    '-- slipway: no-transaction\nSELECT 1;\nDO $$ BEGIN COMMIT; ALTER TABLE users ADD note text; END $$',
    ['observed-lock users ACCESS EXCLUSIVE'],
  ],
])('%s is found', async (_, sql, expected) => {
  expect(await observed(SHOP, sql)).toEqual(expected)
})

test.each([
  'ALTER TABLE users ADD COLUMN plan text',
  'ALTER TABLE users RENAME TO people; ALTER TABLE people ADD COLUMN plan text; ALTER TABLE people ALTER email DROP NOT NULL',
  'ALTER TABLE orders DROP COLUMN "userId"',
  'ALTER TABLE orders DROP CONSTRAINT "orders_userId_fkey"',
  'DROP TABLE billing."In voice"',
  'DROP TABLE orders CASCADE',
  'ALTER TABLE events ADD COLUMN note text',
  'ALTER TABLE events ALTER id TYPE bigint',
  'ALTER TABLE events DETACH PARTITION events_1',
  'ALTER TABLE base ADD COLUMN more_of_it int',
  'ALTER TABLE base ALTER note SET NOT NULL',
  'CREATE INDEX ON users (email); UPDATE users SET email = lower(email)',
  'ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (amount) REFERENCES users',
  'CREATE POLICY mine ON users USING (true); ALTER TABLE users ENABLE ROW LEVEL SECURITY',
  'ALTER TABLE users SET SCHEMA billing',
  'DELETE FROM billing."In voice"; DELETE FROM orders; DELETE FROM events; TRUNCATE base',
  'UPDATE events SET day = day + 400; UPDATE users SET email = email',
  `INSERT INTO users VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET email = 'b'`,
  `MERGE INTO users USING (VALUES (1)) AS v (id) ON v.id = users.id WHEN MATCHED THEN UPDATE SET email = 'x' WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'y')`,
  'LOCK TABLE users IN SHARE MODE; INSERT INTO orders VALUES (100001)',
  '-- slipway: no-transaction\nVACUUM FULL users;\nREINDEX TABLE orders;\nCREATE INDEX CONCURRENTLY i ON users (email)',
  `COMMENT ON TABLE users IS 'x'; GRANT SELECT ON users TO PUBLIC; CREATE VIEW v AS SELECT * FROM users`,
  'DROP MATERIALIZED VIEW sums',
  'REFRESH MATERIALIZED VIEW sums',
  'CREATE TABLE gone AS WITH d AS (DELETE FROM billing."In voice" RETURNING *) SELECT * FROM d',
  'EXPLAIN ANALYZE DELETE FROM billing."In voice"',
  'DROP VIEW addresses; ALTER TABLE users DROP COLUMN email',
  `BEGIN; ALTER TABLE orders ADD CONSTRAINT c CHECK (id > 0) NOT VALID; COMMIT; ALTER TABLE orders VALIDATE CONSTRAINT c`,
])('%s: the text shows everything', async (sql) => {
  expect(await observed(SHOP, sql)).toEqual([])
})

test('a finding of a test run can be accepted, and the acceptance is needed', async () => {
  const sql = `-- slipway: accept observed-lock (nobody writes at night)\nSELECT lock_users()`
  expect(await hazardsOf(SHOP, sql)).toEqual([])
  // Without a test run, it is unknown whether the acceptance is needed.
  expect(await hazardsOf(SHOP, sql, true)).toEqual([])
  const unused = '-- slipway: accept observed-lock (nobody writes at night)\nSELECT 1'
  expect(await hazardsOf(SHOP, unused)).toMatchObject([{ id: 'accept-unused' }])
})
