import pg from 'pg'
import { beforeEach, describe, expect, test } from 'vitest'
import { shortForm } from '../../test/short-form.ts'
import { createTarget, migration, type TestMigration, type TestTarget } from '../../test/target.ts'
import { deploy, type DeployOutcome } from '../deploy/index.ts'
import { type Destruction } from '../statements/index.ts'
import { type Announcement, rollback, type RollbackOutcome, type RollbackRequest } from './index.ts'

// A rollback restores what the deploy destroyed: the fingerprint is equal, and so is every row.

const INIT = migration(
  '1_init',
  `CREATE TYPE "Mood" AS ENUM ('sad', 'ok');
CREATE TABLE team (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE person (id serial PRIMARY KEY, name varchar(40) NOT NULL, mood "Mood" DEFAULT 'ok', tags text[],
  team_id integer REFERENCES team (id) ON DELETE CASCADE, doubled integer GENERATED ALWAYS AS (length(name) * 2) STORED,
  CONSTRAINT named CHECK (name <> ''));
CREATE UNIQUE INDEX person_name ON person (lower(name));
CREATE TABLE log (at integer, line text);
CREATE TABLE lane (id text CONSTRAINT lane_pkey PRIMARY KEY, name text);
CREATE TABLE leg (id integer, place integer, CONSTRAINT leg_pkey PRIMARY KEY (id, place));
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$;
CREATE TRIGGER shouting BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION shout();`,
)
const ROWS = `INSERT INTO team SELECT n, 'team ' || n FROM generate_series(1, 3) AS n;
INSERT INTO person (name, mood, tags, team_id) SELECT 'p' || n, CASE WHEN n % 2 = 0 THEN 'sad'::"Mood" END,
  ARRAY['a', NULL, n::text], n % 3 + 1 FROM generate_series(1, 50) AS n;
INSERT INTO lane SELECT 'lane ' || n, n FROM generate_series(1, 9) AS n; INSERT INTO leg SELECT n, 10 - n FROM generate_series(1, 5) AS n;
INSERT INTO log SELECT n, 'line ' || n FROM generate_series(1, 5) AS n; INSERT INTO log SELECT 1, 'line 1';`

let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
  await deployed([INIT])
  await target.sql(ROWS)
  return () => target.drop()
})

async function deployed(migrations: readonly TestMigration[]): Promise<DeployOutcome> {
  const consent = { confirm: undefined }
  return await deploy({ ...target.request(migrations), consent, acceptDrift: false })
}

async function rolledBack(
  migrations: readonly TestMigration[],
  more: Pick<RollbackRequest, 'fills'> = {},
): Promise<RollbackOutcome> {
  return await rollback({
    ...target.request(migrations),
    consent: { confirm: undefined },
    extent: { kind: 'steps', steps: 1 },
    acceptUnproven: false,
    announce: () => {},
    ...more,
  })
}

async function state() {
  const rows = async (table: string) =>
    target.sql(`SELECT to_jsonb(t) AS row FROM ${table} t ORDER BY 1`)
  const person = await target.sql(
    'SELECT id, name, mood::text, tags, team_id, doubled FROM person ORDER BY id',
  )
  const { hash, objects } = await target.fingerprint()
  const others = { lane: await rows('lane'), leg: await rows('leg'), log: await rows('log') }
  return { hash, objects, team: await rows('team'), person, ...others }
}

/** The tables with data that deploys kept; rollbacks also keep data. */
const keptTables = () =>
  target.sql(
    `SELECT relname FROM pg_class WHERE relnamespace = 'slipway'::regnamespace AND relname ~ '^kept_\\d+$'
     AND relname NOT IN (SELECT stored_as FROM slipway.kept WHERE migration LIKE 'rollback of %' AND stored_as IS NOT NULL)`,
  )

test.each(
  shortForm([
    ['a table that others refer to', 'DROP TABLE team CASCADE;'],
    ['a table with a type that is dropped, too', 'DROP TABLE person; DROP TYPE "Mood";'],
    ['a table without a key', 'DROP TABLE log;'],
    ['several tables', 'DROP TABLE IF EXISTS nothing, person, team;'],
    [
      'a table under a view',
      'CREATE VIEW seen AS SELECT name FROM person; DROP TABLE person CASCADE;',
    ],
    ['a column', 'ALTER TABLE person DROP COLUMN tags;'],
    [
      'columns, one with a type that is dropped, too',
      'ALTER TABLE person DROP COLUMN name CASCADE, DROP COLUMN mood; DROP TYPE "Mood";',
    ],
    ['a column with a default, NULL in some rows', 'ALTER TABLE person DROP COLUMN mood;'],
    ['the key', 'ALTER TABLE team DROP COLUMN id CASCADE;'],
    ['the key, with its constraint', 'ALTER TABLE lane DROP CONSTRAINT lane_pkey, DROP COLUMN id;'],
    [
      'the key, replaced by another of the same name',
      `ALTER TABLE lane DROP CONSTRAINT lane_pkey, DROP COLUMN id, ADD COLUMN id serial NOT NULL,
      ADD CONSTRAINT lane_pkey PRIMARY KEY (id);`,
    ],
    [
      'a part of the key',
      'ALTER TABLE leg DROP CONSTRAINT leg_pkey, DROP COLUMN place, ADD CONSTRAINT leg_pkey PRIMARY KEY (id);',
    ],
    ['a column of a table without a key', 'ALTER TABLE log DROP COLUMN line;'],
    [
      'the width of a type',
      'ALTER TABLE person DROP COLUMN doubled; ALTER TABLE person ALTER COLUMN name TYPE varchar(3);',
    ],
    [
      'a column that is dropped and added with another type',
      'ALTER TABLE person DROP COLUMN tags, ADD COLUMN tags text;',
    ],
    ['a column, then its table', 'ALTER TABLE lane DROP COLUMN name; DROP TABLE lane;'],
    [
      'required columns with a default and with a type that is dropped, then their table',
      `ALTER TABLE person DROP COLUMN name CASCADE; ALTER TABLE person DROP COLUMN mood, DROP COLUMN tags;
     DROP TYPE "Mood"; DROP TABLE person;`,
    ],
    [
      'a column of a table without a key, then the table',
      'ALTER TABLE log DROP COLUMN line; DROP TABLE log;',
    ],
    [
      'a column that is dropped and added with another type, then its table',
      'ALTER TABLE person DROP COLUMN tags, ADD COLUMN tags text; DROP TABLE person;',
    ],
    [
      'values that a new type lacks, then the table',
      `ALTER TABLE person DROP COLUMN doubled; DROP INDEX person_name; ALTER TABLE person DROP CONSTRAINT named,
       ALTER COLUMN name TYPE integer USING length(name);
     DROP TABLE person;`,
    ],
    [
      'an identity and its number, then the table',
      'ALTER TABLE person DROP COLUMN id; DROP TABLE person;',
    ],
    [
      'a column whose name another one takes',
      `ALTER TABLE team ADD COLUMN new varchar(99); UPDATE team SET new = name || '!';
     ALTER TABLE team DROP COLUMN name; ALTER TABLE team RENAME COLUMN new TO name;`,
    ],
    [
      'a column, NULL in some rows, whose name another one takes',
      `ALTER TABLE person ALTER COLUMN mood DROP DEFAULT; ALTER TABLE person ADD COLUMN new text DEFAULT 'ok';
     ALTER TABLE person DROP COLUMN mood; ALTER TABLE person RENAME COLUMN new TO mood;`,
    ],
    ['all rows', 'DELETE FROM log;'],
    ['some rows', "DELETE FROM person AS p WHERE p.name LIKE '%1%' AND mood IS NULL;"],
    [
      'rows selected by another table',
      "DELETE FROM person p USING team t WHERE t.id = p.team_id AND t.name = 'team 2';",
    ],
    ['rows and rows that refer to them', 'DELETE FROM team WHERE id = 2;'],
    ['rows and their column', 'DELETE FROM team WHERE id = 2; ALTER TABLE team DROP COLUMN name;'],
    [
      'all rows of a table and of tables that refer to it',
      'TRUNCATE team RESTART IDENTITY CASCADE;',
    ],
    ['values', "UPDATE person SET name = name || '!', tags = NULL WHERE id < 10;"],
    [
      'values from another table',
      'UPDATE person p SET tags = ARRAY[t.name] FROM team t WHERE t.id = p.team_id;',
    ],
    [
      'values set from a WITH query',
      `WITH placed AS MATERIALIZED (SELECT id, row_number() OVER (ORDER BY name) AS place FROM person)
     UPDATE person SET tags = ARRAY[place::text] FROM placed WHERE placed.id = person.id AND place > 3;`,
    ],
    [
      'rows selected by WITH queries',
      `WITH odd AS (SELECT id FROM person WHERE id % 2 = 1), late (n) AS (SELECT id FROM odd WHERE id > 20)
     DELETE FROM person WHERE id IN (SELECT n FROM late);`,
    ],
    [
      'the key itself',
      "INSERT INTO team VALUES (7, 'seven'); UPDATE team SET id = id + 1000, name = upper(name) WHERE id = 7;",
    ],
    ['values of a table without a key', "UPDATE log SET line = 'z' WHERE at = 1;"],
    [
      'rows deleted in a WITH query',
      'WITH gone AS (DELETE FROM log WHERE at > 3 RETURNING *) INSERT INTO log SELECT 99, line FROM gone;',
    ],
    ['a type with its columns', 'DROP TYPE "Mood" CASCADE;'],
    [
      'rows of a view',
      'CREATE VIEW short AS SELECT * FROM log WHERE at < 3; DELETE FROM short WHERE at = 1;',
    ],
    [
      'rows in code',
      'DO $$ BEGIN DELETE FROM lane WHERE id < name; UPDATE leg SET place = 0; END $$;',
    ],
    [
      'nothing, but inserts rows',
      "INSERT INTO lane SELECT 'lane ' || n, 'x' FROM generate_series(20, 30) AS n;",
    ],
  ]),
)('a deploy that destroys %s', async (_what, sql) => {
  const change = migration('2_change', sql)
  const before = await state()
  const done = await deployed([INIT, change])
  expect(done.failure).toBeUndefined()
  expect(done.kept.map(({ state: is }) => is)).not.toContain('not-kept')
  expect(done.kept.length > 0).toBe(!sql.startsWith('INSERT INTO lane'))
  const back = await rolledBack([INIT, change])
  expect(back.failure).toBeUndefined()
  expect(await state()).toEqual(before)
  expect(await keptTables()).toEqual([])
  await target.sql("INSERT INTO person (name, team_id) VALUES ('new', 1)")
})

test.each([
  ['a schema with a partition of a table elsewhere', 'DROP SCHEMA far CASCADE;'],
  ['a table and one of its partitions', 'DROP TABLE near, parent;'],
])('a deploy that drops %s', async (_what, sql) => {
  const init = migration(
    '2_init',
    `CREATE SCHEMA far; CREATE TABLE parent (id integer, name text) PARTITION BY LIST (id);
CREATE TABLE near PARTITION OF parent FOR VALUES IN (1); CREATE TABLE far.part PARTITION OF parent FOR VALUES IN (2);`,
  )
  const change = migration('3_change', sql)
  await deployed([INIT, init])
  await target.sql("INSERT INTO parent VALUES (1, 'a'), (1, 'a'), (2, 'b'), (2, 'b')")
  const rows = () =>
    target.sql('SELECT tableoid::regclass::text AS place, id, name FROM parent ORDER BY 1, 2, 3')
  const before = await rows()
  await deployed([INIT, init, change])
  expect((await rolledBack([INIT, init, change])).failure).toBeUndefined()
  expect(await rows()).toEqual(before)
})

test('a column is kept although another table of that name got such a column', async () => {
  const change = migration(
    '2_change',
    `ALTER TABLE leg ADD COLUMN name text; ALTER TABLE leg RENAME TO old; ALTER TABLE lane RENAME TO leg;
CREATE INDEX CONCURRENTLY old_name ON old (name);
ALTER TABLE leg DROP COLUMN name;`,
  )
  const before = await state()
  const done = await deployed([INIT, change])
  expect(done.kept).toMatchObject([{ columns: ['name'], state: 'kept', rows: 9 }])
  expect((await rolledBack([INIT, change])).failure).toBeUndefined()
  expect(await state()).toEqual(before)
})

test('a repeated deploy offers every change of rows that its rollback kept', async () => {
  const change = migration(
    '2_change',
    'SELECT 1;',
    "UPDATE lane SET name = 'x' WHERE id = 'lane 1'; DELETE FROM lane WHERE id = 'lane 2';",
  )
  await deployed([INIT, change])
  expect((await rolledBack([INIT, change])).failure).toBeUndefined()
  const { offered } = await deployed([INIT, change])
  expect(offered.map(({ statement, columns }) => [statement, columns])).toEqual([
    [2, []],
    [1, ['name']],
  ])
})

describe('a statement that fails', () => {
  test.each([
    ['DROP TABLE team;', '2BP01'],
    ['SELECT 1; DROP TABLE nowhere;', '42P01'],
    ['CREATE VIEW seen AS SELECT name FROM person; ALTER TABLE person DROP COLUMN name;', '2BP01'],
    ['DROP TABLE log; SELECT 1 / 0;', '22012'],
    ['DROP VIEW person;', '42809'],
  ])('%s fails as it would without keeping, and nothing is kept', async (sql, sqlstate) => {
    const before = await state()
    const done = await deployed([INIT, migration('2_change', sql)])
    expect(done.failure).toMatchObject({ code: 'DEPLOY.STATEMENT_FAILED', server: { sqlstate } })
    const last = sql.split('; ').length
    expect(done.failure?.message).toContain(`statement ${last} of ${last}`)
    expect(done.kept).toEqual([])
    expect(await state()).toEqual(before)
    expect(await keptTables()).toEqual([])
  })
})

test('values are restored before SET NOT NULL, even if their key was renamed', async () => {
  const change = migration(
    '2_change',
    `ALTER TABLE person ALTER COLUMN name DROP NOT NULL; UPDATE person SET name = NULL WHERE id < 9;
     ALTER TABLE team RENAME COLUMN id TO number; ALTER TABLE team DROP COLUMN name;`,
  )
  const before = await state()
  await deployed([INIT, change])
  expect((await rolledBack([INIT, change])).failure).toBeUndefined()
  expect(await state()).toEqual(before)
})

test('rows that lost a column before they were deleted are restored with it, repeatedly', async () => {
  const two = migration(
    '2_two',
    "ALTER TABLE lane DROP COLUMN name; DELETE FROM lane WHERE id < 'lane 4';",
  )
  const before = await state()
  for (const round of [1, 2]) {
    await deployed([INIT, two])
    const { failure, kept, downs } = await rolledBack([INIT, two])
    expect(failure, `round ${round}`).toBeUndefined()
    expect(await state()).toEqual(before)
    expect(kept.slice(-2)).toMatchObject([
      { kind: 'columns', state: 'restored', restored: { rows: 9, since: 0 } },
      { kind: 'rows', state: 'restored', restored: { rows: 3, since: 0 } },
    ])
    expect(downs[0]?.announced.filter(({ kind }) => kind === 'rows')).toEqual([])
    expect(await keptTables()).toEqual([])
  }
})

test('rows are restored with a deferred constraint', async () => {
  const late = migration('2_late', 'ALTER TABLE team ADD CONSTRAINT one UNIQUE (name) DEFERRABLE')
  const change = migration('3_change', 'DELETE FROM team WHERE id = 2')
  await deployed([INIT, late])
  const before = await state()
  await deployed([INIT, late, change])
  expect((await rolledBack([INIT, late, change])).failure).toBeUndefined()
  expect(await state()).toEqual(before)
})

test('changes that triggers cannot capture are reported as not kept', async () => {
  const sql = `DO $$ BEGIN ALTER TABLE log DISABLE TRIGGER ALL; UPDATE log SET line = 'x';
    ALTER TABLE log ENABLE TRIGGER ALL; END $$;`
  const done = await deployed([INIT, migration('2_change', sql)])
  expect(done.failure).toBeUndefined()
  expect(done.kept).toMatchObject([
    { state: 'not-kept', table: { name: 'log' }, why: expect.stringContaining('captured') },
  ])
})

test('a long-running reader does not block a deploy that captures; a later command drops the triggers', async () => {
  const triggers = () => target.sql("SELECT tgenabled FROM pg_trigger WHERE tgname ~ '^_slipway_'")
  const change = migration('2_change', 'DELETE FROM log WHERE at = 1; UPDATE log SET line = NULL;')
  const before = await state()
  const reader = new pg.Client({ connectionString: target.url })
  await reader.connect()
  await reader.query('BEGIN; SELECT FROM log')
  const done = await deployed([INIT, change])
  expect(done.failure).toBeUndefined()
  expect(await triggers()).toEqual([{ tgenabled: 'D' }, { tgenabled: 'D' }])
  expect((await state()).hash).toBe(before.hash)
  const again = migration('3_again', "UPDATE log SET line = 'more' WHERE at = 2;")
  expect((await deployed([INIT, change, again])).kept).toMatchObject([{ rows: 1, state: 'kept' }])
  await reader.end()
  await rolledBack([INIT, change, again])
  expect((await rolledBack([INIT, change])).failure).toBeUndefined()
  expect(await triggers()).toEqual([])
  expect(await state()).toEqual(before)
})

describe('rows and values written since', () => {
  test('stay and are reported; data that cannot be restored is still kept', async () => {
    const change = migration(
      '2_change',
      'DELETE FROM team WHERE id = 2; ALTER TABLE team DROP COLUMN name;',
    )
    await deployed([INIT, change])
    await target.sql(
      'INSERT INTO team VALUES (2), (9); DELETE FROM person WHERE team_id = 1; UPDATE team SET id = 8 WHERE id = 1',
    )
    const down = migration(
      '2_change',
      change.sql,
      "ALTER TABLE team ADD COLUMN name text NOT NULL DEFAULT 'unknown'; ALTER TABLE team ALTER COLUMN name DROP DEFAULT;",
    )
    const back = await rolledBack([INIT, down])
    expect(back.kept).toMatchObject([
      { kind: 'rows', table: { name: 'team' }, state: 'restored', restored: { rows: 0 } },
      { kind: 'rows', table: { name: 'person' }, state: 'restored', restored: { rows: 17 } },
      { kind: 'columns', state: 'restored', restored: { rows: 1 } },
    ])
    // Not restored: the row, and the name of the row whose key has changed.
    expect(await keptTables()).toHaveLength(2)
    expect(await target.sql('SELECT id, name FROM team ORDER BY id')).toEqual([
      { id: 2, name: 'unknown' },
      { id: 3, name: 'team 3' },
      { id: 8, name: 'unknown' },
      { id: 9, name: 'unknown' },
    ])
  })

  test('rows that a migration inserted stay if they were changed or are referred to', async () => {
    const change = migration(
      '2_change',
      "INSERT INTO team SELECT n, 'new' FROM generate_series(11, 13) AS n;",
    )
    await deployed([INIT, change])
    await target.sql(
      "UPDATE team SET name = 'mine' WHERE id = 11; INSERT INTO person (name, team_id) VALUES ('q', 12)",
    )
    const back = await rolledBack([INIT, change])
    expect(back.failure).toBeUndefined()
    expect(await target.sql('SELECT id, name FROM team WHERE id > 3 ORDER BY id')).toEqual([
      { id: 11, name: 'mine' },
      { id: 12, name: 'new' },
    ])
  })

  test('kept values do not override a down migration that updates the rows itself', async () => {
    const change = migration(
      '2_change',
      'UPDATE log SET at = at + 100;',
      'UPDATE log SET at = at - 100;',
    )
    await deployed([INIT, change])
    await target.sql('UPDATE log SET at = 107 WHERE at = 105')
    await rolledBack([INIT, change])
    expect(await target.sql('SELECT max(at) FROM log')).toEqual([{ max: 7 }])
  })
})

const column = (table: string, name: string): Destruction => ({
  what: 'values',
  object: { kind: 'column', schema: null, table, name },
})
const LOG: Destruction = { what: 'object', object: { kind: 'table', schema: null, name: 'log' } }

test('kept data is announced as kept, other losses as lossy', async () => {
  const losses = [column('person', 'mood'), LOG, column('person', 'fax')]
  const facts = { format: 1, grade: 'lossy', losses, choices: [], notRestored: [], obstacle: null }
  const change = migration(
    '2_change',
    'ALTER TABLE person DROP COLUMN mood; DROP TABLE log;',
    `-- slipway: facts ${JSON.stringify(facts)}\n-- slipway: lossy for people alone\n` +
      `ALTER TABLE person ADD COLUMN mood "Mood" DEFAULT 'ok'; CREATE TABLE log (at integer, line text);`,
  )
  await deployed([INIT, change])
  expect((await rolledBack([INIT, change])).downs[0]?.announced).toEqual([
    { kind: 'loss', loss: column('person', 'mood'), kept: true },
    { kind: 'loss', loss: LOG, kept: true },
    { kind: 'loss', loss: column('person', 'fax'), kept: false },
  ])
})

test('a header without facts is passed on unchanged', async () => {
  const change = migration(
    '2_change',
    'ALTER TABLE person DROP COLUMN mood;',
    `-- slipway: lossy column public.person.mood\n-- slipway: facts {"format":2}\nALTER TABLE person ADD COLUMN mood "Mood" DEFAULT 'ok';`,
  )
  await deployed([INIT, change])
  expect((await rolledBack([INIT, change])).downs[0]?.announced).toEqual([
    { kind: 'note', word: 'lossy', text: 'column public.person.mood' },
  ])
})

test.each([
  ['a serial', 'serial'],
  ['an identity', 'integer GENERATED BY DEFAULT AS IDENTITY'],
])('numbers continue after those of the rows if %s is restored', async (_what, type) => {
  const init = migration('2_init', `CREATE TABLE item (id ${type} PRIMARY KEY, name text)`)
  const change = migration(
    '3_change',
    `ALTER TABLE item ALTER COLUMN id DROP ${type === 'serial' ? 'DEFAULT' : 'IDENTITY'};
     ALTER TABLE item ALTER COLUMN id TYPE text; DROP SEQUENCE IF EXISTS item_id_seq;`,
  )
  await deployed([INIT, init])
  await target.sql("INSERT INTO item (name) VALUES ('a'), ('b')")
  await deployed([INIT, init, change])
  await target.sql("INSERT INTO item VALUES ('7', 'since')")
  expect((await rolledBack([INIT, init, change])).failure).toBeUndefined()
  await target.sql("INSERT INTO item (name) VALUES ('next')")
  expect(await target.sql('SELECT max(id) FROM item')).toEqual([{ max: 8 }])
})

test.each(
  shortForm<[string, string, readonly Announcement[]]>([
    [
      'restored values',
      'UPDATE person SET tags = NULL;',
      [{ kind: 'loss', loss: column('person', 'tags'), kept: true }],
    ],
    [
      'restored values in a table without a key',
      "UPDATE log SET line = 'x';",
      [{ kind: 'loss', loss: column('log', 'line'), kept: true }],
    ],
    [
      'deleted rows, and restored ones',
      'DELETE FROM log WHERE at = 1; INSERT INTO log SELECT 9;',
      [{ kind: 'loss', loss: { ...LOG, what: 'rows' }, kept: true }],
    ],
    ['rows that the rollback deletes', "INSERT INTO team (id, name) VALUES (9, 'team 9');", []],
    ['a computed column', 'ALTER TABLE person DROP COLUMN doubled;', []],
    [
      'a required column',
      'ALTER TABLE team DROP COLUMN name;',
      [{ kind: 'loss', loss: { ...column('team', 'name'), what: 'object' }, kept: true }],
    ],
  ]),
)('the announcements of a completed rollback are true: %s', async (_what, sql, announced) => {
  const change = migration('2_change', sql)
  await deployed([INIT, change])
  const back = await rolledBack([INIT, change])
  expect(back.failure).toBeUndefined()
  expect(back.downs[0]?.announced).toEqual(announced)
})

/** The columns of a relation that `SELECT *` returns. */
const columnsOf = async (relation: string) =>
  await target.sql(
    `SELECT attname FROM pg_attribute WHERE attrelid = '${relation}'::regclass AND attnum > 0 AND NOT attisdropped`,
  )

test('a column that is renamed and kept affects nothing and is not drift', async () => {
  const change = migration('2_change', 'ALTER TABLE log DROP COLUMN line; UPDATE log SET at = at;')
  const after = migration('3_after', 'ALTER TABLE log ADD COLUMN more text;')
  await deployed([INIT, change])
  await target.sql('INSERT INTO log VALUES (6)')
  expect((await deployed([INIT, change, after])).failure).toBeUndefined()
  const columns = [{ attname: 'at' }, { attname: '_slipway_kept_1' }, { attname: 'more' }]
  expect(await columnsOf('log')).toEqual(columns)
})

test('a copied column of a table without a key leaves nothing that SELECT * or INSERT would see', async () => {
  const init = migration('2_init', 'CREATE TABLE note (line text, doc json, at integer)')
  const change = migration('3_change', 'ALTER TABLE note DROP COLUMN line;')
  const view = migration('4_view', 'CREATE VIEW seen AS SELECT * FROM note;')
  await deployed([INIT, init])
  await target.sql(
    `INSERT INTO note VALUES ('a', '{"n": 1}', 1), ('b', '{"n": 1}', 1), (NULL, NULL, 2)`,
  )
  const before = (await target.fingerprint()).hash
  expect((await deployed([INIT, init, change])).failure).toBeUndefined()
  expect((await deployed([INIT, init, change, view])).failure).toBeUndefined()
  expect(await columnsOf('note')).toEqual([{ attname: 'doc' }, { attname: 'at' }])
  expect(await columnsOf('seen')).toEqual(await columnsOf('note'))
  await target.sql("INSERT INTO note VALUES ('[]', 3)")
  expect((await rolledBack([INIT, init, change, view])).failure).toBeUndefined()
  const back = await rolledBack([INIT, init, change])
  expect(back.failure).toBeUndefined()
  expect(back.kept[0]).toMatchObject({ rows: 3, restored: { rows: 3, since: 0 } })
  expect((await target.fingerprint()).hash).toBe(before)
  expect(await target.sql('SELECT line, doc::text, at FROM note ORDER BY at, line')).toEqual([
    { line: 'a', doc: '{"n": 1}', at: 1 },
    { line: 'b', doc: '{"n": 1}', at: 1 },
    { line: null, doc: null, at: 2 },
    { line: null, doc: '[]', at: 3 },
  ])
})

test('without a key, values are restored to unchanged rows; the others are counted and stay kept', async () => {
  const change = migration('2_change', 'ALTER TABLE log DROP COLUMN line;')
  await deployed([INIT, change])
  await target.sql(
    'UPDATE log SET at = 100 WHERE at = 5; DELETE FROM log WHERE at = 4; INSERT INTO log VALUES (1)',
  )
  const back = await rolledBack([INIT, change])
  expect(back.failure).toBeUndefined()
  expect(back.kept).toMatchObject([{ rows: 6, restored: { rows: 4, since: 0 } }])
  expect(await target.sql('SELECT at, line FROM log ORDER BY at, line')).toEqual([
    { at: 1, line: 'line 1' },
    { at: 1, line: 'line 1' },
    { at: 1, line: null },
    { at: 2, line: 'line 2' },
    { at: 3, line: 'line 3' },
    { at: 100, line: null },
  ])
  expect(await keptTables()).toHaveLength(1)
})

test('two columns that two migrations drop from a table without a key are restored to the same rows', async () => {
  const init = migration('2_init', 'CREATE TABLE note (a integer, b integer, c integer)')
  const first = migration('3_first', 'ALTER TABLE note DROP COLUMN a;')
  const second = migration('4_second', 'ALTER TABLE note DROP COLUMN b;')
  await deployed([INIT, init])
  await target.sql('INSERT INTO note SELECT n, 20 - n, n % 2 FROM generate_series(1, 20) AS n')
  const read = () => target.sql('SELECT a, b, c FROM note ORDER BY a')
  const before = await read()
  await deployed([INIT, init, first])
  await deployed([INIT, init, first, second])
  expect((await rolledBack([INIT, init, first, second])).failure).toBeUndefined()
  expect((await rolledBack([INIT, init, first])).failure).toBeUndefined()
  expect(await read()).toEqual(before)
})

test.each(
  shortForm([
    [
      'a partitioned table',
      'CREATE TABLE part (id integer, at integer, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);',
      'DROP TABLE part;',
    ],
    [
      'a partition',
      'CREATE TABLE part (id integer) PARTITION BY LIST (id); CREATE TABLE part_1 PARTITION OF part DEFAULT;',
      'DROP TABLE part_1;',
    ],
    [
      'a table with forced row security',
      'CREATE TABLE part (id integer PRIMARY KEY); ALTER TABLE part ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY few ON part USING (id = 1);',
      'DROP TABLE part;',
    ],
    [
      'a schema',
      "CREATE SCHEMA other; CREATE TYPE other.mood AS ENUM ('x'); CREATE TABLE other.part (id integer, mood other.mood DEFAULT 'x');",
      'DROP SCHEMA other CASCADE;',
    ],
    [
      'a domain',
      "CREATE DOMAIN short AS text CHECK (length(VALUE) < 9); CREATE TABLE part (id integer, s short[] DEFAULT '{a,b}', t short DEFAULT 'c');",
      'DROP TABLE part; DROP DOMAIN short;',
    ],
    [
      'a required column',
      "CREATE TABLE part (id integer PRIMARY KEY, s text NOT NULL DEFAULT 'x'); ALTER TABLE part ALTER COLUMN s DROP DEFAULT;",
      'ALTER TABLE part DROP COLUMN s;',
    ],
  ]),
)('%s is also restored', async (_what, setup, sql) => {
  const [made, change] = [migration('2_made', setup), migration('3_change', sql)]
  await deployed([INIT, made])
  const name = setup.includes('other.part') ? 'other.part' : 'part'
  const rest = setup.includes('s text NOT NULL')
    ? ', s'
    : setup.includes('at integer')
      ? ', at'
      : ''
  await target.sql(
    `INSERT INTO ${name} (id${rest}) SELECT n${rest && ', n'} FROM generate_series(1, 9) AS n`,
  )
  const read = () => target.sql(`SELECT to_jsonb(t) AS row FROM ${name} AS t ORDER BY id`)
  const before = { rows: await read(), hash: (await target.fingerprint()).hash }
  expect((await deployed([INIT, made, change])).failure).toBeUndefined()
  expect((await rolledBack([INIT, made, change])).failure).toBeUndefined()
  expect({ rows: await read(), hash: (await target.fingerprint()).hash }).toEqual(before)
})

describe('rows written since that lack a value', () => {
  test.each([
    ['a dropped column', 'ALTER TABLE team DROP COLUMN name;', 'INSERT INTO team VALUES (8), (9)'],
    [
      'a column that became nullable',
      'ALTER TABLE team ALTER COLUMN name DROP NOT NULL;',
      'INSERT INTO team VALUES (8), (9)',
    ],
    [
      'a dropped column of a table without rows',
      'DELETE FROM person; DELETE FROM team; ALTER TABLE team DROP COLUMN name;',
      'INSERT INTO team VALUES (8), (9)',
    ],
  ])('%s: the rollback counts them and accepts a value', async (_name, sql, since) => {
    const migrations = [INIT, migration('2_team', sql)]
    const before = await target.sql('SELECT * FROM team ORDER BY id')
    await deployed(migrations)
    await target.sql(since)
    const refused = await rolledBack(migrations)
    expect(refused.failure).toMatchObject({
      code: 'ROLLBACK.VALUE_NEEDED',
      message: expect.stringContaining(
        '2 rows of team have no value for the column name',
      ) as string,
      nextActions: [{ args: ['rollback', '--fill', 'team.name=<value>'] }],
    })
    expect(await target.sql('SELECT id FROM team WHERE id > 7')).toHaveLength(2)
    const fills = [{ table: { name: 'team' }, column: 'name', value: "it's" }]
    const outcome = await rolledBack(migrations, { fills })
    expect(outcome.failure).toBeUndefined()
    expect(await target.sql('SELECT * FROM team WHERE id < 8 ORDER BY id')).toEqual(before)
    expect(await target.sql('SELECT DISTINCT name FROM team WHERE id > 7')).toEqual([
      { name: "it's" },
    ])
  })
})

describe('objects that no statement of the down migration recreates', () => {
  const code = (body: string) => `DO $$ BEGIN ${body} END $$`

  test.each([
    [
      'a column that code recreated gets its values back, except over later ones',
      code('ALTER TABLE lane DROP COLUMN name; ALTER TABLE lane ADD COLUMN name text;'),
      "UPDATE lane SET name = 'later' WHERE id = 'lane 3'",
    ],
    [
      'a table that code recreated gets its rows in addition to later ones',
      code(
        'DROP TABLE lane; CREATE TABLE lane (id text CONSTRAINT lane_pkey PRIMARY KEY, name text);',
      ),
      "INSERT INTO lane VALUES ('lane 3', 'later')",
    ],
  ])('%s', async (_what, sql, since) => {
    const migrations = [INIT, migration('2_code', sql, 'SELECT 1')]
    const lanes = () => target.sql(`SELECT id, name FROM lane WHERE id <> 'lane 3' ORDER BY id`)
    const before = await lanes()
    await deployed(migrations)
    await target.sql(since)
    const { kept } = await rolledBack(migrations)
    expect(kept.map((one) => one.state)).toEqual(['restored'])
    expect(await lanes()).toEqual(before)
    expect(await target.sql(`SELECT name FROM lane WHERE id = 'lane 3'`)).toEqual([
      { name: 'later' },
    ])
  })

  test('data that cannot be restored stays kept, and the rollback fails', async () => {
    const change = migration(
      '2_code',
      code('ALTER TABLE person DROP COLUMN tags; DROP TABLE log; ALTER TABLE lane RENAME TO log;'),
      'SELECT 1',
    )
    await deployed([INIT, change])
    const outcome = await rollback({
      ...target.request([INIT, change]),
      consent: { confirm: undefined },
      extent: { kind: 'steps', steps: 1 },
      acceptUnproven: true,
      announce: () => {},
    })
    expect(outcome.receipts).toMatchObject([{ status: 'done' }])
    expect(outcome.kept.map(({ state: now }) => now)).toEqual(['kept', 'kept'])
    expect(outcome.failure).toMatchObject({ code: 'ROLLBACK.STILL_KEPT' })
    for (const { id, kind } of outcome.kept) {
      const name = kind === 'table' ? 'table log' : 'column person.tags'
      expect(outcome.failure?.message).toContain(`${name} (kept ${id})`)
      expect(outcome.failure?.nextActions).toContainEqual(
        expect.objectContaining({ args: ['kept', 'restore', String(id)] }),
      )
    }
    expect(await target.sql('SELECT count(*)::int AS rows FROM log')).toEqual([{ rows: 9 }])
  })
})
