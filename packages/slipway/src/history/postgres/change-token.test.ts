import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createTarget, type TestTarget } from '../../../test/target.ts'
import { withSession } from '../../database/index.ts'
import { prepareLedger, readChangeToken } from '../index.ts'

const SCHEMA = `CREATE SCHEMA other;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TYPE point_of AS (x integer, y integer);
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE SEQUENCE counter;
CREATE TABLE customer (id integer PRIMARY KEY, name text DEFAULT 'x', score integer CHECK (score > 0), mood mood);
CREATE TABLE purchase (id integer PRIMARY KEY, customer integer REFERENCES customer);
CREATE TABLE other.elsewhere (id integer);
CREATE TABLE measured (id integer, day date) PARTITION BY RANGE (day);
CREATE TABLE measured_1 PARTITION OF measured FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX customer_name ON customer (name);
CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT 2 * n';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION touch();
CREATE VIEW names AS SELECT name FROM customer;
CREATE MATERIALIZED VIEW scores AS SELECT score FROM customer;
CREATE POLICY own ON customer USING (id > 0);
CREATE RULE silent AS ON DELETE TO purchase DO INSTEAD NOTHING;
CREATE AGGREGATE total (integer) (SFUNC = int4pl, STYPE = integer);
CREATE STATISTICS spread ON id, name FROM customer;
COMMENT ON TABLE customer IS 'who buys';
INSERT INTO customer VALUES (1, 'a', 1, 'good'), (2, 'b', 2, 'bad');
`

/** Each changes an object, so the token must change. */
const CHANGES = [
  'CREATE TABLE more (id integer)',
  'CREATE UNLOGGED TABLE more (id integer)',
  'CREATE TABLE other.more (id integer)',
  'DROP TABLE purchase',
  'ALTER TABLE purchase RENAME TO sale',
  'ALTER TABLE other.elsewhere SET SCHEMA public',
  'ALTER SCHEMA other RENAME TO another',
  'ALTER SCHEMA public RENAME TO another; CREATE SCHEMA public',
  'CREATE SCHEMA third',
  'ALTER TABLE customer ADD COLUMN email text',
  'ALTER TABLE customer DROP COLUMN mood',
  'ALTER TABLE customer RENAME COLUMN name TO title',
  'ALTER TABLE purchase ALTER COLUMN customer TYPE bigint',
  'ALTER TABLE customer ALTER COLUMN name SET NOT NULL',
  "ALTER TABLE customer ALTER COLUMN name SET DEFAULT 'y'",
  'ALTER TABLE customer ALTER COLUMN name DROP DEFAULT',
  'ALTER TABLE customer ALTER COLUMN name SET STORAGE EXTERNAL',
  'ALTER TABLE customer ALTER COLUMN name SET STATISTICS 50',
  'ALTER TABLE purchase ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY',
  'ALTER TABLE customer ADD UNIQUE (name)',
  'ALTER TABLE customer DROP CONSTRAINT customer_score_check',
  'ALTER TABLE customer RENAME CONSTRAINT customer_score_check TO score_check',
  'ALTER TABLE purchase ADD CHECK (id > 0) NOT VALID',
  'ALTER TABLE purchase ALTER CONSTRAINT purchase_customer_fkey DEFERRABLE',
  'ALTER TABLE purchase DROP CONSTRAINT purchase_customer_fkey',
  'ALTER TABLE customer SET (fillfactor = 50)',
  'ALTER TABLE other.elsewhere SET UNLOGGED',
  'ALTER TABLE customer ENABLE ROW LEVEL SECURITY',
  'ALTER TABLE customer FORCE ROW LEVEL SECURITY',
  'ALTER TABLE customer REPLICA IDENTITY FULL',
  'ALTER TABLE customer CLUSTER ON customer_name',
  'ALTER TABLE customer DISABLE TRIGGER touched',
  'ALTER TABLE measured DETACH PARTITION measured_1',
  "CREATE TABLE measured_2 PARTITION OF measured FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')",
  'CREATE TABLE child () INHERITS (customer)',
  'CREATE INDEX customer_score ON customer (score)',
  'DROP INDEX customer_name',
  'ALTER INDEX customer_name RENAME TO by_name',
  'ALTER INDEX customer_name SET (fillfactor = 50)',
  "ALTER TYPE mood ADD VALUE 'so so'",
  "ALTER TYPE mood RENAME VALUE 'bad' TO 'worse'",
  'ALTER TYPE point_of ADD ATTRIBUTE z integer',
  'ALTER TYPE point_of RENAME ATTRIBUTE x TO w',
  'ALTER DOMAIN positive SET DEFAULT 1',
  'ALTER DOMAIN positive ADD CHECK (VALUE < 10)',
  'CREATE TYPE span AS RANGE (SUBTYPE = float8)',
  'ALTER SEQUENCE counter INCREMENT BY 2',
  'ALTER SEQUENCE counter OWNED BY purchase.id',
  "CREATE OR REPLACE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n + n'",
  'ALTER FUNCTION twice(integer) STRICT',
  'ALTER FUNCTION twice(integer) SET search_path = public',
  'DROP FUNCTION twice(integer)',
  'CREATE PROCEDURE nothing() LANGUAGE sql AS $$SELECT 1$$',
  'CREATE TRIGGER again BEFORE INSERT ON customer FOR EACH ROW EXECUTE FUNCTION touch()',
  'DROP TRIGGER touched ON customer',
  'ALTER TRIGGER touched ON customer RENAME TO touches',
  'CREATE OR REPLACE VIEW names AS SELECT upper(name) AS name FROM customer',
  'ALTER VIEW names SET (security_barrier = true)',
  'DROP MATERIALIZED VIEW scores',
  'ALTER POLICY own ON customer USING (id > 1)',
  'CREATE POLICY more ON customer FOR SELECT USING (true)',
  'CREATE OR REPLACE RULE silent AS ON DELETE TO purchase WHERE OLD.id > 1 DO INSTEAD NOTHING',
  'DROP RULE silent ON purchase',
  'CREATE OR REPLACE AGGREGATE total (integer) (SFUNC = int4mul, STYPE = integer)',
  "COMMENT ON TABLE customer IS 'who sells'",
  'COMMENT ON TABLE customer IS NULL',
  "COMMENT ON COLUMN customer.name IS 'first and last'",
  "COMMENT ON FUNCTION twice(integer) IS 'doubles'",
  'DROP STATISTICS spread',
  'CREATE COLLATION german (provider = icu, locale = $$de$$)',
  'CREATE EXTENSION pgcrypto',
  'CREATE CAST (point_of AS text) WITH INOUT',
  'CREATE OPERATOR === (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4eq)',
  'CREATE TEXT SEARCH DICTIONARY words (TEMPLATE = simple)',
  // In the end, only the order of the columns differs.
  'ALTER TABLE customer DROP COLUMN mood; ALTER TABLE customer ADD COLUMN mood mood',
]

/** None changes an object. */
const NO_CHANGES = [
  "INSERT INTO customer VALUES (3, 'c', 3, 'good'); UPDATE customer SET name = 'd'; DELETE FROM customer WHERE id = 2",
  'ANALYZE',
  'VACUUM',
  'VACUUM FREEZE',
  'VACUUM FREEZE pg_class; VACUUM FREEZE pg_attribute; VACUUM FREEZE pg_type',
  'VACUUM FULL customer',
  'VACUUM FULL pg_attribute',
  'TRUNCATE customer CASCADE',
  'REINDEX TABLE customer',
  'REFRESH MATERIALIZED VIEW scores',
  "SELECT nextval('counter'), setval('counter', 100)",
  'ALTER SEQUENCE counter RESTART',
  'BEGIN; ALTER TABLE customer ADD COLUMN email text; DROP TABLE purchase; ROLLBACK',
  'CREATE TEMPORARY TABLE notes (id serial PRIMARY KEY, text text)',
  'CREATE TABLE slipway.kept_99 (id integer PRIMARY KEY, name text)',
  'GRANT SELECT ON customer TO PUBLIC',
]

let template: TestTarget
let target: TestTarget

beforeAll(async () => {
  template = await createTarget()
  await template.sql(SCHEMA)
  await withSession(template.request([]).address, {}, prepareLedger)
})
afterAll(() => template.drop())

const token = (of: TestTarget) => withSession(of.request([]).address, {}, readChangeToken)

/** Runs the statements one by one, because some cannot run in a transaction. */
async function runEach(script: string): Promise<void> {
  for (const statement of script.split('; ')) await target.sql(statement)
}

beforeEach(async () => {
  target = await createTarget({ template: template.name })
  return () => target.drop()
})

test('a change of an object changes the token, and its rollback restores the token', async () => {
  await withSession(target.request([]).address, {}, async (session) => {
    const before = await readChangeToken(session)
    const unseen: string[] = []
    for (const change of CHANGES) {
      await session.execute('BEGIN')
      await session.execute(change)
      if ((await readChangeToken(session)) === before) unseen.push(change)
      await session.execute('ROLLBACK')
      expect(await readChangeToken(session), change).toBe(before)
    }
    expect(unseen).toEqual([])
    await session.execute('CREATE INDEX CONCURRENTLY customer_score ON customer (score)')
    expect(await readChangeToken(session)).not.toBe(before)
  })
})

describe('the token is not changed by', () => {
  test.each(NO_CHANGES)('%s', async (work) => {
    const before = await token(target)
    await (work.startsWith('BEGIN') ? target.sql(work) : runEach(work))
    expect(await token(target)).toBe(before)
  })

  test('temporary tables of other sessions', async () => {
    const before = await token(target)
    await withSession(target.request([]).address, {}, async (session) => {
      await session.execute('CREATE TEMPORARY TABLE notes (id serial PRIMARY KEY, text text)')
      expect(await token(target)).toBe(before)
    })
  })

  test('an uncommitted change in another session', async () => {
    const before = await token(target)
    await withSession(target.request([]).address, {}, async (session) => {
      await session.execute('BEGIN')
      await session.execute('ALTER TABLE customer ADD COLUMN email text')
      expect(await token(target)).toBe(before)
      await session.execute('COMMIT')
      expect(await token(target)).not.toBe(before)
    })
  })
})

test('the same objects in another database have a different token', async () => {
  expect(await token(target)).not.toBe(await token(template))
})

test('a role that may read only the catalogs can read the token', async () => {
  const role = `${target.name}_reader`
  await target.sql(
    `REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC; CREATE ROLE ${role}`,
  )
  const read = (before: string) =>
    withSession(target.request([]).address, {}, async (session) => {
      await session.execute(before)
      return await readChangeToken(session)
    })
  const first = await read(`SET ROLE ${role}`)
  expect(await read(`SET ROLE ${role}`)).toBe(first)
  await target.sql('ALTER TABLE customer ADD COLUMN email text')
  expect(await read(`SET ROLE ${role}`)).not.toBe(first)
  await target.sql(`DROP ROLE ${role}`)
})
