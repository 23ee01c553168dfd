import { beforeEach, describe, expect, test } from 'vitest'
import { shortForm } from '../../test/short-form.ts'
import { createTarget, migration, type TestTarget } from '../../test/target.ts'
import { attempt } from '../kernel/index.ts'
import { rollback } from '../rollback/index.ts'
import { deploy, type DeployRequest } from './index.ts'

// Guarantee 7 by observed effects: no data is lost that a migration destroys without showing it in its text.

const INIT = migration(
  '1_init',
  `CREATE TABLE a (id integer PRIMARY KEY, v text, n integer);
   CREATE TABLE b (id integer PRIMARY KEY, a_id integer REFERENCES a ON DELETE CASCADE);
   CREATE TABLE c (id integer PRIMARY KEY, a_id integer REFERENCES a ON DELETE SET NULL);
   CREATE TABLE d (id integer PRIMARY KEY, v text);
   CREATE TABLE "Odd name" (id integer PRIMARY KEY, "Odd ""column" text);
   CREATE TABLE part (id integer, v text) PARTITION BY RANGE (id);
   CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (1000);
   CREATE TABLE heir (extra text) INHERITS (d);
   CREATE SEQUENCE counter;
   CREATE TYPE address AS (street text, town text);
   CREATE TABLE lives (id integer PRIMARY KEY, at address);
   CREATE SCHEMA other;
   CREATE TABLE other.a (id integer PRIMARY KEY, v text);
   CREATE FUNCTION wipe() RETURNS void LANGUAGE plpgsql AS 'BEGIN DELETE FROM a WHERE id > 1; END';
   CREATE FUNCTION wipe_sql() RETURNS bigint LANGUAGE sql AS 'WITH gone AS (DELETE FROM a RETURNING 1) SELECT count(*) FROM gone';
   CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM b; RETURN NULL; END';
   CREATE TRIGGER tidy AFTER INSERT ON c EXECUTE FUNCTION tidy();
   CREATE PROCEDURE sweep() LANGUAGE plpgsql AS 'BEGIN DELETE FROM d; COMMIT; END';
   CREATE VIEW av AS SELECT id, v FROM a;
   CREATE TABLE asked (id integer PRIMARY KEY, v text);
   CREATE RULE asked AS ON INSERT TO asked DO ALSO DELETE FROM d;
   CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE a SET v = NULL; RETURN NULL; END';
   CREATE CONSTRAINT TRIGGER late AFTER INSERT ON other.a DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late();`,
)
const ROWS = `INSERT INTO a SELECT g, 'v' || g, g FROM generate_series(1, 20) g; INSERT INTO c SELECT g, g FROM generate_series(1, 20) g;
  INSERT INTO b SELECT g, g FROM generate_series(1, 20) g; INSERT INTO b SELECT g, g - 100 FROM generate_series(101, 105) g;
  INSERT INTO d SELECT g, 'd' FROM generate_series(1, 20) g; INSERT INTO heir SELECT g, 'h', 'x' FROM generate_series(21, 25) g;
  INSERT INTO "Odd name" VALUES (1, 'x'); INSERT INTO part SELECT g, 'p' FROM generate_series(1, 20) g;
  SELECT nextval('counter'); INSERT INTO lives VALUES (1, ROW('x', 'y')); INSERT INTO other.a VALUES (1, 'o'); SELECT lo_from_bytea(4711, 'x'); UPDATE a SET v = 'v' || id; VACUUM ANALYZE`

let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
  await deployed([INIT])
  for (const statement of ROWS.split(';')) await target.sql(statement)
  return () => target.drop()
})

async function deployed(
  migrations: Parameters<TestTarget['request']>[0],
  changes: Partial<DeployRequest> = {},
) {
  const consent = { confirm: undefined }
  return await deploy({ ...target.request(migrations), consent, acceptDrift: false, ...changes })
}

/** Deploys `sql` to the protected target, without consent by default. */
async function attempted(sql: string, changes: Partial<DeployRequest> = {}) {
  return await deployed([INIT, migration('2_next', sql)], { protected: true, ...changes })
}

/** The state of the target: a checksum of all rows, and the fingerprint. */
async function state() {
  const [rows] = await target.sql(`SELECT md5(string_agg(t::text, ',')) AS rows FROM (
    SELECT 'a', a::text FROM a UNION ALL SELECT 'b', b::text FROM b UNION ALL SELECT 'c', c::text FROM c
    UNION ALL SELECT 'd', d::text FROM d UNION ALL SELECT 'o', o::text FROM "Odd name" o UNION ALL SELECT 'p', part::text FROM part
    UNION ALL SELECT 'l', lives::text FROM lives UNION ALL SELECT 's', last_value::text FROM counter UNION ALL SELECT 'oa', x::text FROM other.a x
    ORDER BY 1, 2) AS t`)
  return { rows, catalog: await target.fingerprint() }
}

const HIDDEN: readonly (readonly [string, string, RegExp])[] = [
  ['a function', 'SELECT wipe();', /rows of a \(19\)/],
  ['a large object', 'SELECT lo_unlink(4711);', /rows of pg_catalog\.pg_largeobject \(1\)/],
  [
    'a function of a default',
    'CREATE FUNCTION eat() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM d WHERE id = 1; RETURN 1; END $$; ALTER TABLE b ADD COLUMN e int DEFAULT eat();',
    /rows of d \(1\)/,
  ],
  ['a function in SQL', 'SELECT wipe_sql();', /rows of a \(20\)/],
  ['a function in FROM', 'SELECT 1 FROM wipe_sql();', /rows of a \(20\)/],
  [
    'a DO block',
    'DO $$ BEGIN DELETE FROM d; END $$;',
    /rows of d \(20\), rows of heir \(5\)|rows of heir \(5\), rows of d \(20\)/,
  ],
  [
    'a DO block that handles errors',
    `DO $$ BEGIN BEGIN DELETE FROM b WHERE id < 5; EXCEPTION WHEN others THEN NULL; END; END $$;`,
    /rows of b \(4\)/,
  ],
  [
    'dynamic SQL',
    `DO $$ BEGIN EXECUTE 'DELETE FR' || 'OM "Odd name"'; END $$;`,
    /rows of Odd name \(1\)/,
  ],
  ['TRUNCATE in a DO block', 'DO $$ BEGIN TRUNCATE c; END $$;', /rows of c/],
  [
    'TRUNCATE of a partitioned table in a DO block',
    'DO $$ BEGIN TRUNCATE part; END $$;',
    /rows of part_1/,
  ],
  [
    'an update in a DO block',
    'DO $$ BEGIN UPDATE a SET n = 0 WHERE id = 3; END $$;',
    /values of a \(1\)/,
  ],
  [
    'a dropped column in a DO block',
    'DO $$ BEGIN ALTER TABLE a DROP COLUMN n; END $$;',
    /column a\.n/,
  ],
  [
    'a dropped column with an odd name',
    `DO $$ BEGIN ALTER TABLE "Odd name" DROP COLUMN "Odd ""column"; END $$;`,
    /column Odd name\.Odd "column/,
  ],
  ['a dropped table in a DO block', 'DO $$ BEGIN DROP TABLE d CASCADE; END $$;', /table d/],
  [
    'a dropped table of another schema',
    'DO $$ BEGIN DROP SCHEMA other CASCADE; END $$;',
    /table other\.a/,
  ],
  ['a dropped sequence', 'DO $$ BEGIN DROP SEQUENCE counter; END $$;', /sequence counter/],
  [
    'a dropped attribute',
    'DO $$ BEGIN ALTER TYPE address DROP ATTRIBUTE town; END $$;',
    /attribute address\.town/,
  ],
  [
    'a type that is dropped with its columns',
    'DO $$ BEGIN DROP TYPE address CASCADE; END $$;',
    /column lives\.at/,
  ],
  [
    'values that a type change computes',
    'DO $$ BEGIN ALTER TABLE a ALTER n TYPE bigint USING 0; END $$;',
    /values of a/,
  ],
  ['a cascade to another table', 'DELETE FROM a WHERE id <= 5;', /rows of b \(10\)/],
  ['a foreign key that sets NULL', 'DELETE FROM a WHERE id <= 5;', /values of c \(5\)/],
  ['a trigger', 'INSERT INTO c VALUES (99, NULL);', /rows of b \(25\)/],
  ['a rule', `INSERT INTO asked VALUES (1, 'x');`, /rows of d \(20\)/],
  ['a view', `UPDATE av SET v = 'y' WHERE id = 2;`, /values of a \(1\)/],
  ['a deferred trigger', `INSERT INTO other.a VALUES (2, 'x');`, /values of a \(20\)/],
  [
    'a MERGE that cascades to other tables',
    'MERGE INTO a USING (SELECT 4 AS k) s ON a.id = s.k WHEN MATCHED THEN DELETE;',
    /: rows of b \(2\), values of c \(1\)/,
  ],
  ['a prepared statement', 'PREPARE p AS DELETE FROM b; EXECUTE p;', /rows of b \(25\)/],
  [
    'after a search path',
    `SET LOCAL search_path = other; DO $$ BEGIN DELETE FROM public.b; END $$;`,
    /rows of b \(25\)/,
  ],
  ['after RESET ALL', 'RESET ALL; DO $$ BEGIN DELETE FROM public.b; END $$;', /rows of b \(25\)/],
]

describe('losses that the text does not show are rolled back on a protected target', () => {
  test.each(shortForm(HIDDEN))('%s', async (_, sql, named) => {
    const before = await state()
    // The database name is consent only to the losses that the text shows.
    const outcome = await attempted(sql, { consent: { confirm: target.name } })
    expect(outcome.failure, JSON.stringify(outcome.failure)).toMatchObject({
      code: 'DEPLOY.UNANNOUNCED',
      message: expect.stringMatching(named) as string,
    })
    expect(await state()).toEqual(before)
    expect(outcome.receipts).toMatchObject([{ migration: '2_next', status: 'failed' }])
    const accepted = await attempted(sql, {
      consent: { confirm: target.name },
      acceptUnannounced: true,
    })
    expect(accepted.failure).toBeUndefined()
  })
})

test.each(
  shortForm([
    ['UPDATE', `UPDATE a SET n = 0;`],
    ['DELETE', 'DELETE FROM b;'],
    ['MERGE', 'MERGE INTO b USING (SELECT 4 AS k) s ON b.id = s.k WHEN MATCHED THEN DELETE;'],
    [
      'a WITH query that changes rows',
      'WITH gone AS (DELETE FROM d RETURNING 1) SELECT count(*) FROM gone;',
    ],
    [
      'CREATE TABLE AS a WITH query that changes rows',
      'CREATE TABLE e AS WITH gone AS (DELETE FROM d RETURNING *) SELECT * FROM gone;',
    ],
    ['EXPLAIN ANALYZE', 'EXPLAIN ANALYZE DELETE FROM b;'],
    ['a query in COPY', 'COPY (DELETE FROM d RETURNING id) TO STDOUT;'],
    [
      'ON CONFLICT DO UPDATE',
      `INSERT INTO a VALUES (1, 'x', 1) ON CONFLICT (id) DO UPDATE SET v = 'x';`,
    ],
    ['DROP SEQUENCE', 'DROP SEQUENCE counter;'],
    ['DROP COLUMN of a partitioned table', 'ALTER TABLE part DROP COLUMN v;'],
    ['DROP COLUMN with child tables', 'ALTER TABLE d DROP COLUMN v;'],
    ['DELETE from a partitioned table', 'DELETE FROM part WHERE id < 5;'],
    ['UPDATE with child tables', `UPDATE d SET v = 'x';`],
    ['TRUNCATE of a partitioned table', 'TRUNCATE part;'],
    ['DROP TABLE with partitions', 'DROP TABLE part;'],
    ['DROP TABLE with child tables', 'DROP TABLE d CASCADE;'],
    ['DROP SCHEMA', 'DROP SCHEMA other CASCADE;'],
    ['DROP TYPE with columns', 'DROP TYPE address CASCADE;'],
    ['a procedure that commits', 'CALL sweep();'],
    ['a DO block that commits', 'DO $$ BEGIN DELETE FROM b; COMMIT; END $$;'],
  ]),
)('%s needs consent by name', async (_, sql) => {
  const before = await state()
  await expect(attempted(sql)).rejects.toMatchObject({
    failure: { code: 'DEPLOY.CONSENT_NEEDED' },
  })
  expect(await state()).toEqual(before)
  expect((await attempted(sql, { consent: { confirm: target.name } })).failure).toBeUndefined()
})

test('a block that is rolled back leaves sequences at their positions', async () => {
  await target.sql(`SELECT setval('counter', 7)`)
  const { failure } = await attempted(
    `BEGIN; SELECT setval('counter', 2); DELETE FROM b; ROLLBACK;`,
    {
      consent: { confirm: target.name },
    },
  )
  expect(failure).toBeUndefined()
  expect(await target.sql('SELECT last_value::int AS last FROM counter')).toEqual([{ last: 7 }])
})

test.each(
  shortForm([
    ['a new column that is filled', 'ALTER TABLE a ADD COLUMN m integer; UPDATE a SET m = n;'],
    [
      'a new table that is filled and emptied',
      'CREATE TABLE e AS SELECT * FROM a; DELETE FROM e WHERE id > 5; UPDATE e SET n = 1; TRUNCATE e; DROP TABLE e;',
    ],
    [
      'inserted rows',
      'INSERT INTO b VALUES (900, 1); DO $$ BEGIN INSERT INTO d VALUES (900); END $$;',
    ],
    [
      'indexes, constraints, comments',
      `CREATE INDEX ON a (v); ALTER TABLE a ALTER v SET DEFAULT 'x'; COMMENT ON TABLE a IS 'x'; ALTER TABLE d ADD CHECK (id > 0);`,
    ],
    ['an explicit rewrite', 'ALTER TABLE a ALTER n TYPE bigint;'],
    [
      'a table of an earlier group',
      'CREATE TABLE e AS SELECT * FROM a; CREATE INDEX CONCURRENTLY e_v ON e (lower(v)); DELETE FROM e WHERE id > 5; UPDATE e SET n = 1; TRUNCATE e; DROP TABLE e;',
    ],
    [
      'a column of an earlier group',
      'ALTER TABLE a ADD m integer; CREATE INDEX CONCURRENTLY a_v ON a (v); UPDATE a SET m = n; ALTER TABLE a DROP COLUMN m;',
    ],
    [
      'a new materialized view',
      'CREATE MATERIALIZED VIEW m AS SELECT id FROM a; REFRESH MATERIALIZED VIEW m; DROP MATERIALIZED VIEW m;',
    ],
    [
      'a sequence that is moved forward',
      `SELECT setval('counter', 1000); SELECT nextval('counter');`,
    ],
    [
      'casts that hold all values',
      `CREATE TYPE word AS ENUM ('d', 'h'); ALTER TABLE d ALTER v TYPE varchar(100); ALTER TABLE d ALTER v TYPE word USING v::word; ALTER TABLE a ALTER n TYPE numeric;`,
    ],
    [
      'renames in a DO block',
      'DO $$ BEGIN ALTER TABLE a RENAME TO a2; ALTER TABLE a2 RENAME n TO m; ALTER TABLE d SET SCHEMA other; END $$;',
    ],
    [
      'an isolation level',
      'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; INSERT INTO b VALUES (900, 1);',
    ],
    [
      'an unused attribute and type',
      'CREATE TYPE spare AS (x int, y int); DO $$ BEGIN ALTER TYPE spare DROP ATTRIBUTE y; DROP TYPE spare; END $$;',
    ],
  ]),
)('%s: nothing is destroyed, and no consent is needed', async (_, sql) => {
  expect((await attempted(sql)).failure).toBeUndefined()
})

test('in a migration with several groups, only the refused group is rolled back, and the deploy continues there', async () => {
  const sql =
    'CREATE TABLE e (id integer);\nCREATE INDEX CONCURRENTLY e_id ON e (id);\nSELECT wipe();\n'
  const refused = await attempted(sql)
  expect(refused.failure).toMatchObject({ code: 'DEPLOY.INCOMPLETE' })
  expect(refused.failure?.message).toContain('rows of a (19)')
  expect(await target.sql('SELECT count(*)::int FROM a')).toEqual([{ count: 20 }])
  const consent = { confirm: target.name }
  const accepted = await attempted(sql, { consent, acceptUnannounced: true })
  expect(accepted.failure).toBeUndefined()
  expect(await target.sql('SELECT count(*)::int FROM a')).toEqual([{ count: 1 }])
})

test('DROP IDENTITY needs consent for its sequence, whatever its name, in deploy and rollback', async () => {
  const identity = 'ALTER TABLE i ALTER id ADD GENERATED ALWAYS AS IDENTITY (START 1000);'
  const migrations = [
    INIT,
    migration('2_table', `CREATE TABLE i (id integer NOT NULL); ${identity}`),
    migration('3_name', 'ALTER SEQUENCE i_id_seq RENAME TO "odd seq";'),
  ]
  expect((await deployed(migrations)).failure).toBeUndefined()
  await target.sql('INSERT INTO i DEFAULT VALUES; INSERT INTO i DEFAULT VALUES')
  const drops = [...migrations, migration('4_drop', 'ALTER TABLE i ALTER id DROP IDENTITY;')]
  const asked = await attempt(() => deployed(drops, { protected: true }))
  expect(asked).toMatchObject({ ok: false, failure: { code: 'DEPLOY.CONSENT_NEEDED' } })
  expect(asked.ok ? '' : asked.failure.message).toContain('position of i_id_seq (4_drop)')
  const consent = { confirm: target.name }
  expect((await deployed(drops, { protected: true, consent })).failure).toBeUndefined()
  await target.sql('INSERT INTO i VALUES (7)')
  const makes = [...drops, migration('5_make', identity)]
  expect((await deployed(makes, { protected: true, consent })).failure).toBeUndefined()
  const back = await rollback({
    ...target.request(makes),
    protected: true,
    consent,
    extent: { kind: 'steps', steps: 2 },
    acceptUnproven: false,
    announce: () => {},
  })
  expect(back.failure).toBeUndefined()
  expect(await target.sql(`SELECT nextval('"odd seq"')::int AS next`)).toEqual([{ next: 1002 }])
})

test('a rollback that is refused halfway offers to roll back the remaining migrations', async () => {
  const migrations = [
    INIT,
    migration(
      '2_column',
      'ALTER TABLE d ADD COLUMN n integer;',
      'SELECT wipe(); ALTER TABLE d DROP COLUMN n;',
    ),
    migration('3_table', 'CREATE TABLE made (id integer);', 'DROP TABLE made;'),
  ]
  await deployed(migrations)
  const { failure, receipts } = await rollback({
    ...target.request(migrations),
    protected: true,
    consent: { confirm: target.name },
    extent: { kind: 'steps', steps: 2 },
    acceptUnproven: false,
    announce: () => {},
  })
  expect(
    receipts.map(({ status }) => status),
    JSON.stringify(failure),
  ).toEqual(['done', 'failed'])
  expect(failure).toMatchObject({ code: 'DEPLOY.UNANNOUNCED' })
  expect(failure?.nextActions).toContainEqual({
    kind: 'slipway',
    args: ['rollback', '--steps', '1', '--accept', 'unannounced', '--confirm', target.name],
    label: 'run anyway and destroy the data',
  })
})

test('sequences that a refused migration moved are reset if no number in between can be in use', async () => {
  const tables = migration(
    '2_tables',
    `CREATE TABLE "Numbered" (id serial PRIMARY KEY, v text); CREATE TABLE ahead (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
     CREATE TABLE behind (id serial PRIMARY KEY); CREATE TABLE used (id serial PRIMARY KEY, note serial);
     CREATE SEQUENCE alone;`,
  )
  const moving = migration(
    '3_moving',
    `SELECT setval('counter', 3), setval('alone', 7), setval('ahead_id_seq', 90), setval('behind_id_seq', 1), setval('used_note_seq', 90);
     INSERT INTO "Numbered" (v) VALUES ('x'); DO $$ BEGIN DELETE FROM b; END $$;`,
  )
  const failing = migration(
    '3_failing',
    `SELECT setval('behind_id_seq', 1); INSERT INTO "Numbered" (v) VALUES ('x'); SELECT 1 / 0;`,
  )
  await deployed([INIT, tables])
  await target.sql(`SELECT setval('counter', 50); INSERT INTO behind SELECT FROM generate_series(1, 9);
    INSERT INTO "Numbered" VALUES (40, 'before'); INSERT INTO ahead DEFAULT VALUES; INSERT INTO used DEFAULT VALUES`)
  const positions = async () =>
    Object.fromEntries(
      (
        await target.sql(
          'SELECT sequencename AS name, last_value::int AS last FROM pg_sequences WHERE schemaname = $$public$$',
        )
      ).map(({ name, last }) => [name, last]),
    )
  const before = await positions()
  const refused = await deployed([INIT, tables, moving], {
    protected: true,
    consent: { confirm: target.name },
  })
  expect(refused.failure).toMatchObject({ code: 'DEPLOY.UNANNOUNCED' })
  expect(refused.failure?.why).toMatch(/The sequence alone went from 1 to 7 and was not set back/)
  expect(refused.failure?.why).toMatch(/The sequence used_note_seq went from 1 to 90/)
  expect(refused.failure?.why).not.toMatch(/counter|ahead|behind|Numbered/)
  expect(await positions()).toEqual({ ...before, alone: 7, used_note_seq: 90 })
  const failed = await deployed([INIT, tables, failing])
  expect(failed.failure).toMatchObject({
    code: 'DEPLOY.STATEMENT_FAILED',
    why: 'It runs as one transaction, which was rolled back: the database is as it was before.',
  })
  expect(await positions()).toEqual({ ...before, alone: 7, used_note_seq: 90 })
})
