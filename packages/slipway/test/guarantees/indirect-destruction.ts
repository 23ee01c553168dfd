import type { TestMigration } from '../project.ts'

/**
 * A history that destroys data that its text does not name, in every way that migrations run: by cascades, in
 * code, by upserts, in tables without a key, next to concurrent index builds. The rollback generates its down
 * migrations.
 */
export const INDIRECT_DESTRUCTION: readonly TestMigration[] = [
  {
    name: '20260101000000_init',
    sql: `CREATE TABLE customer (id serial PRIMARY KEY, name text NOT NULL UNIQUE, visits integer DEFAULT 1);
CREATE TABLE invoice (id serial PRIMARY KEY, customer integer REFERENCES customer ON DELETE CASCADE, amount numeric(10,2));
CREATE TABLE note (invoice integer REFERENCES invoice ON DELETE SET NULL, body text);
CREATE TABLE log (line text, at timestamp, level integer);
CREATE TABLE event (id integer NOT NULL, at date NOT NULL, what text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE event_old PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE event_new PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE SEQUENCE ticket;
CREATE FUNCTION forget(text) RETURNS void LANGUAGE sql AS 'DELETE FROM log WHERE line = $1';
INSERT INTO customer (name) SELECT 'customer ' || n FROM generate_series(1, 60) n;
INSERT INTO invoice (customer, amount) SELECT 1 + n % 60, n FROM generate_series(1, 300) n;
INSERT INTO note SELECT n, 'note ' || n FROM generate_series(1, 300) n;
INSERT INTO log SELECT 'line ' || n % 40, timestamp '2026-01-01' + n * interval '1 hour', n % 3 FROM generate_series(1, 200) n;
INSERT INTO event SELECT n, date '2025-06-01' + n, 'event ' || n FROM generate_series(1, 300) n;
SELECT nextval('ticket') FROM generate_series(1, 41);
`,
  },
  {
    name: '20260102000000_cascade',
    sql: 'DELETE FROM customer WHERE id % 7 = 0;\n',
  },
  {
    name: '20260103000000_code',
    sql: `DO $$ BEGIN
  UPDATE invoice SET amount = amount * 2 WHERE id % 5 = 0;
  DELETE FROM note WHERE body LIKE '%9';
  PERFORM forget('line 3');
END $$;
`,
  },
  {
    name: '20260104000000_beside_a_build',
    sql: `DELETE FROM event WHERE id % 4 = 0;
CREATE INDEX CONCURRENTLY invoice_amount_idx ON invoice (amount);
INSERT INTO customer (id, name) VALUES (1, 'renamed'), (1001, 'new') ON CONFLICT (id) DO UPDATE SET name = excluded.name;
`,
  },
  {
    name: '20260105000000_columns',
    sql: `ALTER TABLE log DROP COLUMN at;
ALTER TABLE invoice ALTER COLUMN amount TYPE integer USING amount::integer / 10;
ALTER TABLE customer DROP COLUMN visits;
`,
  },
  {
    name: '20260106000000_whole_objects',
    sql: `TRUNCATE note;
DROP TABLE event_old;
DROP TABLE invoice CASCADE;
SELECT setval('ticket', 500);
DROP SEQUENCE ticket;
`,
  },
]

/** All rows of a database without Slipway's kept columns, and the positions of its sequences. */
export const ALL_ROWS_SQL = `SELECT c.oid::regclass::text AS name, md5(query_to_xml(format(
    'SELECT (SELECT jsonb_object_agg(key, value) FROM jsonb_each(to_jsonb(t)) WHERE key !~ ''^_slipway_kept_'')::text AS row
       FROM ONLY %s t ORDER BY 1', c.oid::regclass), false, true, '')::text) AS rows
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> '_prisma_migrations'
  UNION ALL SELECT sequencename, last_value::text FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1`
