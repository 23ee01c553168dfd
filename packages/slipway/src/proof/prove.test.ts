import { describe, expect, test } from 'vitest'
import { serverUrl } from '../../test/postgres.ts'
import { SHADOW } from '../../test/target.ts'
import { attempt, ConnectionString } from '../kernel/index.ts'
import { catalogReader } from '../schema/index.ts'
import { withShadowDatabase, withShadowServer } from '../shadow/index.ts'
import { gradeOf, type Proof, prove } from './prove.ts'

const HISTORY = [
  {
    name: '1_ground',
    sql: `CREATE TYPE mood AS ENUM ('sad', 'ok');
      CREATE TABLE users (id serial PRIMARY KEY, email varchar(80) NOT NULL UNIQUE, note text,
        age integer CHECK (age >= -1), mood mood NOT NULL DEFAULT 'ok', tags text[] NOT NULL);
      CREATE TABLE posts (id bigint PRIMARY KEY, author integer NOT NULL REFERENCES users (id), body jsonb);
      CREATE TABLE "Key" (a uuid, b date, PRIMARY KEY (a, b));`,
  },
]

async function proofOf(sql: string, down?: string): Promise<Proof> {
  const migration = { name: '2_change', sql }
  return await prove((work) => withShadowDatabase(SHADOW, HISTORY, work, [migration]), {
    migration,
    ...(down === undefined ? {} : { down: { name: '2_change/down.sql', sql: down } }),
    catalogs: async (on) => catalogReader(on),
  })
}

test.each<[string, Partial<Proof>]>([
  ['ALTER TABLE users ADD COLUMN phone text', { grade: 'lossless', proven: true, lost: [] }],
  ['CREATE INDEX ON posts (author)', { grade: 'lossless', proven: true }],
  [`ALTER TYPE mood ADD VALUE 'great'`, { grade: 'lossless', proven: true }],
  ['ALTER TABLE users RENAME COLUMN note TO remark', { grade: 'lossless', proven: true }],
  [
    'CREATE SCHEMA archive; ALTER TABLE users SET SCHEMA archive; ALTER TYPE mood SET SCHEMA archive',
    { grade: 'lossless', proven: true },
  ],
  [
    `ALTER TABLE posts DROP CONSTRAINT posts_author_fkey; ALTER TABLE users ALTER id DROP DEFAULT, ALTER id TYPE text;
     ALTER TABLE posts ALTER author TYPE text, ADD CONSTRAINT posts_author_fkey FOREIGN KEY (author) REFERENCES users (id)`,
    { grade: 'lossless', proven: true },
  ],
  [
    'ALTER TABLE users DROP COLUMN note',
    {
      grade: 'lossy',
      proven: true,
      lost: [
        { what: 'object', object: { kind: 'column', schema: null, table: 'users', name: 'note' } },
      ],
    },
  ],
  [
    'DROP TABLE "Key"',
    {
      grade: 'lossy',
      proven: true,
      lost: [{ what: 'object', object: { kind: 'table', schema: null, name: 'Key' } }],
    },
  ],
  [
    `UPDATE users SET note = 'same'`,
    {
      grade: 'lossy',
      proven: true,
      lost: [
        { what: 'values', object: { kind: 'column', schema: null, table: 'users', name: 'note' } },
      ],
    },
  ],
  [
    'DELETE FROM posts',
    {
      grade: 'lossy',
      proven: true,
      lost: [{ what: 'rows', object: { kind: 'table', schema: null, name: 'posts' } }],
    },
  ],
])('%s', async (sql, expected) => {
  const proof = await proofOf(sql)
  expect(proof).toMatchObject(expected)
  expect(proof.rows).toBeGreaterThan(10)
  expect(proof.schemaEqual).toBe(true)
  expect(proof.rowsEqual).toBe(proof.grade === 'lossless')
  expect(proof.kept?.grade).toBe(proof.grade === 'lossy' ? 'lossless (kept)' : undefined)
})

test.each<[string, string, string]>([
  [
    'nothing that matches a contradiction',
    `UPDATE users SET note = 'x' WHERE id = id + 1`,
    'not proven',
  ],
  [
    'the value of a WHERE condition',
    `DELETE FROM users WHERE note = 'only this'`,
    'lossless (kept)',
  ],
  [
    'each value of a list',
    `UPDATE users SET mood = 'sad' WHERE note IN ('one', 'two') AND age = 77`,
    'lossless (kept)',
  ],
])('generated rows contain %s', async (_what, sql, grade) => {
  const proof = await proofOf(sql)
  expect(gradeOf(proof)).toBe(grade)
  if (grade === 'not proven')
    expect(proof).toMatchObject({
      proven: false,
      reasons: ['Statement 1 changed none of the generated rows.'],
    })
})

test('an empty table proves nothing about its rows; untouched tables are left out of the proof', async () => {
  const odd = 'CREATE TABLE odd (n integer NOT NULL CHECK (n > 100 AND n % 7919 = 13))'
  const proven = async (sql: string) =>
    await prove(
      (work) => withShadowDatabase(SHADOW, [...HISTORY, { name: '1_odd', sql: odd }], work),
      {
        migration: { name: '2_change', sql },
        catalogs: async (on) => catalogReader(on),
      },
    )
  const touched = await proven('ALTER TABLE odd ADD COLUMN m integer')
  expect(touched).toMatchObject({
    proven: false,
    grade: 'not proven',
    reasons: ['No rows could be generated for odd.'],
  })
  const beside = await proven('ALTER TABLE posts ADD COLUMN m integer')
  expect(beside).toMatchObject({ proven: true, grade: 'lossless', emptyTables: ['odd'] })
})

test('data that a deploy keeps is distinguished from data that is not kept', async () => {
  const both = `ALTER TABLE users DROP COLUMN note; DO $$ BEGIN ALTER TABLE posts DISABLE TRIGGER USER;
    DELETE FROM posts; ALTER TABLE posts ENABLE TRIGGER USER; END $$`
  const { grade, kept } = await proofOf(both)
  expect(grade).toBe('lossy')
  expect(kept).toEqual({
    grade: 'lossy',
    lost: [{ what: 'rows', object: { kind: 'table', schema: null, name: 'posts' } }],
    unseen: [],
    vacant: [],
    notKept: ['code, a trigger or a rule destroyed it in a way that could not be captured'],
    runs: true,
  })
})

test('a dropped required column is restored only with kept data', async () => {
  const proof = await proofOf('ALTER TABLE users DROP COLUMN tags')
  expect(proof).toMatchObject({ grade: 'lossy', proven: true, reasons: [] })
  expect(proof.kept).toMatchObject({ grade: 'lossless (kept)', lost: [] })
  expect(proof.conditions[0]).toMatch(/^Without kept data, the down migration fails if there are/)
})

test('a statement that fails on any row of a table is reported, and proven on rows of the other tables', async () => {
  const proof = await proofOf(
    'ALTER TABLE users ADD COLUMN phone text NOT NULL; ALTER TABLE "Key" ADD COLUMN c text',
  )
  expect(proof).toMatchObject({ grade: 'lossless', proven: true, schemaEqual: true, rows: 6 })
  expect(proof.conditions).toEqual([
    'Statement 1 fails wherever users has rows: Column "phone" of relation "users" contains null values.',
  ])
})

test('values that an UPDATE destroys are restored before the down migration needs them', async () => {
  const proof = await proofOf(
    `ALTER TABLE posts ALTER COLUMN author DROP NOT NULL; UPDATE posts SET author = NULL WHERE id > 0`,
  )
  expect(proof).toMatchObject({ grade: 'lossy', proven: true, kept: { grade: 'lossless (kept)' } })
})

test('rows that a WITH query would delete are not reported as restored if none was deleted', async () => {
  const { kept } = await proofOf(
    `WITH gone AS (DELETE FROM posts WHERE id = author - 987654321 RETURNING *) SELECT count(*) FROM gone`,
  )
  expect(kept).toMatchObject({
    grade: 'not proven',
    unseen: [{ what: 'rows', object: { kind: 'table', schema: null, name: 'posts' } }],
  })
})

test.each([
  ['TRUNCATE users RESTART IDENTITY CASCADE', 'not proven'],
  ["TRUNCATE users CASCADE; SELECT setval('users_id_seq', 1, false)", 'not proven'],
  ['TRUNCATE users CASCADE', 'lossless (kept)'],
  ["SELECT setval('users_id_seq', 1, false); DELETE FROM posts", 'lossless (kept)'],
])('later rows may reuse the keys of removed ones: %s', async (sql, grade) => {
  const proof = await proofOf(sql)
  expect(gradeOf(proof)).toBe(grade)
  if (grade === 'not proven')
    expect(proof.reasons).toEqual([
      'Sequence users_id_seq reuses numbers of removed rows: a removed row is not restored if a newer row has its key.',
    ])
})

test('a migration that runs only on empty tables has nothing to lose in them', async () => {
  const { grade, kept } = await proofOf(
    'ALTER TABLE users DROP COLUMN note, ADD COLUMN phone text NOT NULL; DROP TABLE posts',
  )
  expect(grade).toBe('lossy')
  const vacant = [
    { what: 'object', object: { kind: 'column', schema: null, table: 'users', name: 'note' } },
    { what: 'object', object: { kind: 'table', schema: null, name: 'posts' } },
  ]
  expect(kept).toMatchObject({ grade: 'lossless (kept)', lost: [], unseen: [], vacant })
})

test('data that the test run could not check for lack of rows is not reported as lost', async () => {
  const { grade, kept } = await proofOf(
    `ALTER TABLE users DROP COLUMN note; ALTER TABLE users ALTER COLUMN email TYPE integer USING (email || 'x')::integer`,
  )
  expect(grade).toBe('lossy')
  expect(kept).toMatchObject({ grade: 'not proven', lost: [] })
  expect(kept?.unseen).toContainEqual({
    what: 'object',
    object: { kind: 'column', schema: null, table: 'users', name: 'note' },
  })
})

test('a sequence with narrow bounds does not stop the proof', async () => {
  const number = `CREATE SEQUENCE number START 1000 MINVALUE 1000 MAXVALUE 1001; CREATE TABLE invoice (no integer DEFAULT nextval('number'))`
  const proof = await prove(
    (work) => withShadowDatabase(SHADOW, [...HISTORY, { name: '1_number', sql: number }], work),
    {
      migration: { name: '2_change', sql: 'ALTER TABLE invoice ADD COLUMN note text' },
      catalogs: async (on) => catalogReader(on),
    },
  )
  expect(proof).toMatchObject({ grade: 'lossless', proven: true })
})

test('a sequence that a trigger moves continues after a rollback, and the proof says so', async () => {
  const ground = `CREATE SEQUENCE counter; CREATE TABLE numbered (id integer PRIMARY KEY, name text, n bigint);
    CREATE FUNCTION number() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.n := nextval('counter'); RETURN NEW; END $$;
    CREATE TRIGGER numbering BEFORE UPDATE ON numbered FOR EACH ROW EXECUTE FUNCTION number();`
  const proof = await prove(
    (work) => withShadowDatabase(SHADOW, [{ name: '1_ground', sql: ground }], work),
    {
      migration: { name: '2_change', sql: 'UPDATE numbered SET name = upper(name)' },
      catalogs: async (on) => catalogReader(on),
    },
  )
  expect(gradeOf(proof)).toBe('lossless (kept)')
  expect(proof.conditions).toEqual([
    'After a rollback, counter continues after the values that the migration used.',
  ])
})

test('a migration that fails on rows of every table is tested on empty tables', async () => {
  const added = ['users', 'posts', '"Key"'].map(
    (table) => `ALTER TABLE ${table} ADD z text NOT NULL;`,
  )
  const proof = await proofOf(added.join(' '))
  expect(proof).toMatchObject({ grade: 'lossless', proven: false, schemaEqual: true, rows: 0 })
  expect(proof.reasons[0]).toMatch(/Statement 1 fails on generated rows: Column "z"/)
})

test('a concurrent index build that fails on rows is retried without its invalid index', async () => {
  const proof = await proofOf('CREATE UNIQUE INDEX CONCURRENTLY posts_author ON posts (author)')
  expect(proof).toMatchObject({ grade: 'lossless', schemaEqual: true, proven: true })
  expect(proof.conditions).toEqual([
    'Statement 1 fails on generated rows: Could not create unique index "posts_author": Key (author)=(5) is duplicated.',
  ])
  expect(proof.rows).toBeGreaterThan(10)
})

test('a text that is cast to JSON gets JSON values', async () => {
  const proof = await proofOf('ALTER TABLE users ALTER COLUMN note TYPE jsonb USING note::jsonb')
  expect(proof).toMatchObject({ proven: true, kept: { grade: 'lossless (kept)' } })
  expect(proof.conditions[0]).toMatch(/json/)
})

test('a migration that fails on rows after a commit is tested again on another shadow database', async () => {
  const proof = await proofOf(
    `CREATE INDEX CONCURRENTLY posts_body ON posts USING gin (body);
     CREATE UNIQUE INDEX CONCURRENTLY posts_author ON posts (author);`,
  )
  expect(proof).toMatchObject({ grade: 'lossless', proven: true })
  expect(proof.conditions[0]).toMatch(/^Statement 2 fails on generated rows: .* is duplicated\.$/)
  expect(proof.rows).toBeGreaterThan(10)
})

test('a down migration that fails on rows after a commit is not called irreversible', async () => {
  const sql = 'ALTER TABLE users DROP COLUMN tags; CREATE INDEX CONCURRENTLY u_note ON users (note)'
  const down = 'DROP INDEX CONCURRENTLY u_note; ALTER TABLE users ADD COLUMN tags text[] NOT NULL'
  const proof = await proofOf(sql, down)
  expect(proof).toMatchObject({ grade: 'lossy', proven: false, rows: 0 })
  expect(proof.reasons[0]).toMatch(/^The down migration fails if there are rows/)
})

const NO_ROW = 'id < 0 AND id > 0'

test.each([
  [
    `DO $$ BEGIN DELETE FROM posts WHERE ${NO_ROW}; END $$`,
    'Statement 1 changed none of the generated rows of posts.',
  ],
  [
    `DO $$ BEGIN EXECUTE 'UPDATE users SET note = NULL WHERE ${NO_ROW}'; END $$`,
    'Statement 1 changed none of the generated rows of users.',
  ],
  [
    `CREATE FUNCTION purge() RETURNS void LANGUAGE sql AS 'DELETE FROM posts WHERE ${NO_ROW}';
     SELECT purge(); DROP FUNCTION purge()`,
    'Statement 2 changed none of the generated rows of posts.',
  ],
  // PostgreSQL still holds the lock of the first statement.
  [
    `UPDATE posts SET body = body; DO $$ BEGIN DELETE FROM posts WHERE ${NO_ROW}; END $$`,
    'The DELETE in the code of statement 2 changed nothing.',
  ],
  [
    `CREATE FUNCTION purge() RETURNS void LANGUAGE plpgsql AS 'BEGIN DELETE FROM posts WHERE ${NO_ROW}; END';
     UPDATE posts SET body = body; SELECT purge()`,
    'The code that statement 3 calls changed nothing.',
    'DROP FUNCTION purge()',
  ],
  [
    `DO $$ BEGIN UPDATE users SET note = note; DELETE FROM users WHERE ${NO_ROW}; END $$`,
    'The DELETE in the code of statement 1 changed nothing.',
  ],
  [
    `DO $$ BEGIN IF (SELECT count(*) FROM posts) > 1000 THEN TRUNCATE posts; END IF; END $$`,
    'The TRUNCATE in the code of statement 1 changed nothing.',
  ],
  [
    `DO $$ BEGIN IF false THEN ALTER TABLE users DROP COLUMN note; DROP TABLE posts; END IF; END $$`,
    'The DROP COLUMN in the code of statement 1 changed nothing.',
  ],
])('%s: code that changed no generated row is not proven', async (sql, reason, down = '') => {
  const proof = await proofOf(sql, down)
  expect(gradeOf(proof)).toBe('not proven')
  expect(proof.reasons).toContain(reason)
})

test.each([
  [
    `DO $$ BEGIN CREATE TYPE size AS ENUM ('s'); EXCEPTION WHEN duplicate_object THEN null; END $$`,
    'DROP TYPE size',
  ],
  [
    `DO $$ BEGIN ALTER TABLE posts ADD CONSTRAINT other FOREIGN KEY (author) REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE;
     EXCEPTION WHEN duplicate_object THEN null; END $$`,
    'ALTER TABLE posts DROP CONSTRAINT other',
  ],
  [
    `DO $$ BEGIN /* update users */ GRANT SELECT, UPDATE, DELETE ON users TO pg_monitor; END $$`,
    'REVOKE ALL ON users FROM pg_monitor',
  ],
])('%s: code that destroys nothing is lossless', async (sql, down) => {
  expect(gradeOf(await proofOf(sql, down))).toBe('lossless')
})

/** A proof on a history with code that the migration runs implicitly. */
async function proofWith(ground: string, sql: string, down = ''): Promise<Proof> {
  const history = [...HISTORY, { name: '1_more', sql: ground }]
  return await prove((work) => withShadowDatabase(SHADOW, history, work), {
    migration: { name: '2_change', sql },
    down: { name: '2_change/down.sql', sql: down },
    catalogs: async (on) => catalogReader(on),
  })
}

/** No generated row matches this. */
const RARE = `md5(note) = md5('x' || 'y')`
const ADDED = 'ALTER TABLE users ADD COLUMN f text; UPDATE users SET f = email'
const NOT_ADDED = 'ALTER TABLE users DROP COLUMN f'

function triggerOf(body: string, on = 'AFTER UPDATE ON users'): string {
  return `CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} RETURN NEW; END $$;
    CREATE TRIGGER t ${on} FOR EACH ROW EXECUTE FUNCTION t();`
}

test.each([
  [
    'a trigger deletes from another table',
    triggerOf(`IF md5(NEW.note) = md5('x' || 'y') THEN DELETE FROM posts; END IF;`),
    ADDED,
    'The DELETE in code that statement 2 runs changed nothing.',
  ],
  [
    'a function that a trigger calls deletes rows',
    `CREATE FUNCTION tidy() RETURNS void LANGUAGE sql AS 'DELETE FROM posts WHERE ${NO_ROW}';
     ${triggerOf('PERFORM tidy();')}`,
    ADDED,
    'The DELETE in code that statement 2 runs changed nothing.',
  ],
  [
    'a trigger overwrites a value',
    triggerOf(
      `IF md5(NEW.note) = md5('x' || 'y') THEN NEW.note := 'gone'; END IF;`,
      'BEFORE UPDATE ON users',
    ),
    ADDED,
    'Code that statement 2 runs sets users.note, but changed no value of it.',
  ],
  [
    'a rule deletes from another table',
    `CREATE RULE r AS ON UPDATE TO users WHERE NEW.${RARE.replace('md5(note)', 'age = 7 AND md5(NEW.note)').replace('NEW.age', 'age')} DO ALSO DELETE FROM posts WHERE author = NEW.id`,
    ADDED,
    'The DELETE in code that statement 2 runs changed nothing.',
  ],
  [
    'a trigger on cascaded deletes updates another table',
    triggerOf(
      `IF ${NO_ROW.replaceAll('id', 'OLD.id')} THEN UPDATE "Key" SET b = NULL; END IF;`,
      'AFTER DELETE ON posts',
    ).replace('RETURN NEW', 'RETURN OLD') +
      'ALTER TABLE posts DROP CONSTRAINT posts_author_fkey, ADD FOREIGN KEY (author) REFERENCES users (id) ON DELETE CASCADE',
    'DELETE FROM users',
    'The UPDATE in code that statement 1 runs changed nothing.',
  ],
  [
    'the default of a new column deletes rows',
    `CREATE FUNCTION g() RETURNS text LANGUAGE plpgsql AS $$ BEGIN DELETE FROM posts WHERE ${NO_ROW}; RETURN 'a'; END $$`,
    'ALTER TABLE users ADD COLUMN f text DEFAULT g()',
    'The DELETE in code that statement 1 runs changed nothing.',
  ],
  [
    'a check constraint deletes rows',
    `CREATE FUNCTION g(i int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN DELETE FROM posts WHERE ${NO_ROW}; RETURN true; END $$`,
    'ALTER TABLE users ADD COLUMN f text, ADD CHECK (g(id) OR f IS NULL)',
    'The DELETE in code that statement 1 runs changed nothing.',
  ],
])(
  '%s under a condition that no generated row meets: not proven',
  async (_what, ground, sql, reason) => {
    const down = sql.startsWith('DELETE') ? '' : NOT_ADDED
    const proof = await proofWith(ground, sql, down)
    expect(gradeOf(proof)).toBe('not proven')
    expect(proof.reasons).toContain(reason)
  },
)

test.each([
  [
    'a trigger sets a timestamp of the change',
    `ALTER TABLE users ADD COLUMN updated_at timestamptz; ${triggerOf('NEW.updated_at := now();', 'BEFORE UPDATE ON users')}`,
  ],
  [
    'a trigger updates a counter',
    `ALTER TABLE posts ADD COLUMN count integer; ${triggerOf('UPDATE posts SET count = coalesce(count, 0) - 1 WHERE author = NEW.id;')}`,
  ],
])('%s: the observed effects are proven', async (_what, ground) => {
  expect(gradeOf(await proofWith(ground, ADDED, NOT_ADDED))).toBe('lossless (kept)')
})

test('a trigger that no statement fires makes no difference', async () => {
  const ground = triggerOf(
    `IF false THEN DELETE FROM posts; END IF;`,
    'AFTER UPDATE OF note ON users',
  )
  expect(gradeOf(await proofWith(ground, ADDED, NOT_ADDED))).toBe('lossless')
  const made = `${ground} ALTER TABLE posts ADD COLUMN f text`
  const gone = 'DROP TRIGGER t ON users; DROP FUNCTION t; ALTER TABLE posts DROP COLUMN f'
  expect(gradeOf(await proofOf(made, gone))).toBe('lossless')
})

test('effects of code that commits itself are not observed, nor attributed to other code', async () => {
  const ground = `CREATE PROCEDURE tidy() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM posts WHERE ${NO_ROW}; COMMIT; END $$`
  for (const sql of ['CALL tidy()', 'DO $$ BEGIN CALL tidy(); COMMIT; END $$']) {
    const proof = await proofWith(ground, sql)
    expect(gradeOf(proof)).toBe('not proven')
    expect(proof.effects).toEqual([])
    expect(proof.reasons).toEqual([
      'Statement 1 issues its own COMMIT, so its changes could not be observed.',
    ])
  }
})

test.each([
  [
    `DO $$ BEGIN BEGIN UPDATE posts SET author = 12345678; DELETE FROM users; EXCEPTION WHEN OTHERS THEN NULL; END; END $$`,
    'The UPDATE in the code of statement 1 changed nothing.',
  ],
  [
    `DO $$ BEGIN BEGIN DELETE FROM posts; RAISE EXCEPTION 'no'; EXCEPTION WHEN OTHERS THEN NULL; END; END $$`,
    'The DELETE in the code of statement 1 changed nothing.',
  ],
  [
    `DO $$ BEGIN INSERT INTO users (id, email, tags) VALUES (-5, 'new@', '{}') ON CONFLICT (email) DO UPDATE SET note = 'x'; DELETE FROM users WHERE id = -5; END $$`,
    'The UPDATE in the code of statement 1 changed nothing.',
  ],
  [
    `INSERT INTO users (id, email, tags) VALUES (-5, 'new@', '{}') ON CONFLICT (email) DO UPDATE SET note = 'x'`,
    'Statement 1 updates existing rows, but matched none of the generated rows.',
    'DELETE FROM users WHERE id = -5',
  ],
  [
    `DO $$ BEGIN UPDATE users SET age = age + 0, note = trim(note) || ''; END $$`,
    'The code of statement 1 sets users.age, but changed no value of it.',
  ],
  [
    `DO $$ BEGIN IF false THEN ALTER TABLE users DROP note; END IF; END $$`,
    'The DROP COLUMN in the code of statement 1 changed nothing.',
  ],
  [
    `DO $$ BEGIN IF false THEN ALTER TABLE users ALTER note TYPE varchar(3); END IF; END $$`,
    'The change of type in the code of statement 1 changed nothing.',
  ],
  [
    `DO $$ DECLARE q text := 'DELETE FROM posts'; BEGIN IF false THEN EXECUTE q; END IF; END $$`,
    'The code of statement 1 builds statements dynamically, and not all of them can be read.',
  ],
  [
    `DO $$ BEGIN IF false THEN EXECUTE format('TRUNCATE %I', 'posts'); END IF; END $$`,
    'The TRUNCATE in the code of statement 1 changed nothing.',
  ],
])('%s: undone or unreached changes are not evidence', async (sql, reason, down = '') => {
  const proof = await proofOf(sql, down)
  expect(gradeOf(proof)).toBe('not proven')
  expect(proof.reasons).toContain(reason)
})

test('temporary objects of code contain no data', async () => {
  const sql = `DO $$ DECLARE name text; BEGIN CREATE TEMP TABLE own (a int); UPDATE own SET a = 1; DELETE FROM own; DROP TABLE own;
    FOR name IN SELECT conname FROM pg_constraint WHERE conrelid = 'users'::regclass AND contype = 'c' LOOP
      EXECUTE format('ALTER TABLE users DROP CONSTRAINT %I', name); END LOOP;
    ALTER TABLE users ADD CONSTRAINT users_age_check CHECK (age >= -1);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nobody') THEN ALTER VIEW seen OWNER TO nobody; END IF;
    RAISE NOTICE 'DELETE FROM users'; END $$`
  expect(gradeOf(await proofOf(sql, ''))).toBe('lossless')
})

test('rows that match conditions in a DO block are generated', async () => {
  const sql = `DO $$ BEGIN DELETE FROM users WHERE note LIKE 'site 1%'; UPDATE users SET note = 'x' WHERE note = 'other'; END $$`
  const proof = await proofOf(sql, '')
  expect(gradeOf(proof)).toBe('lossless (kept)')
  expect(proof.effects.map(({ relation, what }) => `${relation} ${what}`)).toEqual(
    expect.arrayContaining(['users deleted', 'users updated']),
  )
})

test('a narrower type is lossy, although rows that fit are restored', async () => {
  const proof = await proofOf('ALTER TABLE users ALTER COLUMN age TYPE smallint')
  expect(proof).toMatchObject({
    grade: 'lossy',
    proven: true,
    lost: [
      { what: 'values', object: { kind: 'column', schema: null, table: 'users', name: 'age' } },
    ],
  })
  expect(proof.conditions[0]).toMatch(/out of range/)
  expect(proof.rows).toBeGreaterThan(10)
})

test('an incomplete down migration gets no grade, and each object that differs is named', async () => {
  const proof = await proofOf(
    'ALTER TABLE users ADD COLUMN phone text; CREATE INDEX posts_author ON posts (author)',
    'DROP INDEX posts_author',
  )
  expect(proof).toMatchObject({ proven: false, schemaEqual: false })
  expect(proof.grade).toBeUndefined()
  expect(proof.reasons[0]).toContain('column users.phone (added)')
})

test('a migration whose down migration fails is irreversible', async () => {
  const proof = await proofOf('ALTER TABLE users ADD COLUMN phone text', 'DROP TABLE nowhere')
  expect(proof).toMatchObject({ grade: 'irreversible', proven: false, schemaEqual: false })
})

test('a down migration that fails only on rows is reported as not proven', async () => {
  const sql = 'ALTER TABLE users DROP COLUMN email'
  const down = 'ALTER TABLE users ADD COLUMN email varchar(80) NOT NULL UNIQUE'
  const proof = await proofOf(sql, down)
  expect(proof).toMatchObject({ grade: 'lossy', proven: false, schemaEqual: true })
  expect(proof.reasons[0]).toMatch(/The down migration fails if there are rows/)
})

test('inserted rows that the down migration leaves stop the second run', async () => {
  const proof = await proofOf(
    `INSERT INTO "Key" VALUES ('00000000-0000-4000-8000-999999999999', '2026-01-01')`,
  )
  expect(proof).toMatchObject({ grade: 'lossy', proven: false, rowsEqual: false })
  expect(proof.left).toEqual([{ kind: 'table', schema: null, name: 'Key' }])
  expect(proof.reasons[0]).toContain('Rows that it wrote stay in Key')
})

test('rows inserted with literal keys are deleted by the down migration, unless others refer to them', async () => {
  const proof = await proofOf(
    `INSERT INTO "Key" (b, a) VALUES ('2026-01-01', '00000000-0000-4000-8000-999999999999'),
       (DATE '2026-01-02', '00000000-0000-4000-8000-999999999999'::uuid);
     INSERT INTO users (email, tags) VALUES ('it''s@\\b', '{}');
     INSERT INTO posts (id, author) VALUES (-1, (SELECT id FROM users WHERE tags = '{}' LIMIT 1))`,
  )
  expect(proof).toMatchObject({ grade: 'lossless', proven: true, rowsEqual: true, left: [] })
})

test('a migration that does not run has no proof', async () => {
  const run = await attempt(() => proofOf('ALTER TABLE nowhere ADD COLUMN a int'))
  expect(run).toMatchObject({ ok: false, failure: { server: { sqlstate: '42P01' } } })
})

test('locks, rewrites and scans are those that the server reports', async () => {
  const proof = await proofOf(
    `ALTER TABLE posts ALTER COLUMN author TYPE bigint;
     CREATE INDEX posts_body ON posts USING gin (body);
     CREATE INDEX CONCURRENTLY users_note ON users (note);`,
  )
  expect(proof.locks).toContainEqual({
    statement: 1,
    relation: 'posts',
    kind: 'table',
    mode: 'ACCESS EXCLUSIVE',
    until: 2,
  })
  expect(proof.locks).not.toContainEqual(expect.objectContaining({ relation: '"Key"' }))
  expect(proof.rewrites).toContainEqual({ statement: 1, relation: 'posts', kind: 'table' })
  expect(proof.rewrites).not.toContainEqual(expect.objectContaining({ statement: 2 }))
  expect(proof.scans).toContainEqual({ statement: 2, relation: 'posts', rows: 6 })
  if (proof.shadow.kind === 'embedded') expect(proof.unseen).toEqual([3])
})

test.each([
  ['CREATE INDEX CONCURRENTLY users_note ON users (note)', ['SHARE UPDATE EXCLUSIVE'], []],
  ['DROP INDEX CONCURRENTLY users_old', ['SHARE UPDATE EXCLUSIVE'], []],
  ['REINDEX INDEX CONCURRENTLY users_old', ['SHARE UPDATE EXCLUSIVE'], []],
  ['VACUUM users', ['SHARE UPDATE EXCLUSIVE'], []],
  ['VACUUM FULL users', ['ACCESS EXCLUSIVE'], ['users']],
  ['ALTER SYSTEM RESET ALL', [], []],
])('%s: its locks are read from another session', async (sql, modes, rewritten) => {
  const index = { name: '1_index', sql: 'CREATE INDEX users_old ON users (note)' }
  // ALTER SYSTEM needs a superuser, and a private server runs no SQL as one.
  const named = sql.startsWith('ALTER SYSTEM') ? new ConnectionString(serverUrl()) : undefined
  const { locks, rewrites, unseen } = await withShadowServer({ ...SHADOW, named }, (shadow) =>
    prove((work) => withShadowDatabase(shadow, [...HISTORY, index], work), {
      migration: { name: '2_change', sql },
      down: { name: 'down.sql', sql: 'SELECT 1' },
      catalogs: async (on) => catalogReader(on),
    }),
  )
  expect(unseen).toEqual([])
  const ofTable = <T extends { kind: string }>(all: readonly T[]) =>
    all.filter(({ kind }) => kind === 'table')
  // Locks after the first may be released before the other session reads them.
  expect(
    ofTable(locks)
      .slice(0, 1)
      .map(({ mode }) => mode),
  ).toEqual(modes)
  for (const { relation } of ofTable(locks)) expect(relation).toBe('users')
  expect(ofTable(rewrites).map(({ relation }) => relation)).toEqual(rewritten)
})

test('a statement outside a transaction is observed after tables were dropped and renamed', async () => {
  const proof = await proofOf(
    `DROP TABLE posts; ALTER TABLE "Key" RENAME TO keys; CREATE INDEX CONCURRENTLY u_note ON users (note)`,
    'DROP INDEX u_note',
  )
  expect(proof.statements.map(({ statement }) => statement)).toEqual([1, 2, 3])
  expect(proof.locks).toContainEqual(expect.objectContaining({ statement: 3, relation: 'users' }))
})

describe('on a large schema', () => {
  const MANY = {
    name: '1_many',
    sql: `DO $$ BEGIN FOR i IN 1..250 LOOP EXECUTE 'CREATE TABLE many_' || i || ' (id integer PRIMARY KEY)'; END LOOP; END $$`,
  }
  const proofOn = (sql: string, down: string) => {
    const migration = { name: '2_change', sql }
    return prove((work) => withShadowDatabase(SHADOW, [...HISTORY, MANY], work, [migration]), {
      migration,
      down: { name: '2_change/down.sql', sql: down },
      catalogs: async (on) => catalogReader(on),
    })
  }

  test('only touched tables, and tables to which they refer, get rows', async () => {
    const proof = await proofOn(
      'ALTER TABLE posts ADD COLUMN note text; ALTER TABLE "Key" DROP COLUMN b',
      'ALTER TABLE "Key" ADD COLUMN b date; ALTER TABLE posts DROP COLUMN note',
    )
    expect(proof).toMatchObject({ rows: 18, emptyTables: [], schemaEqual: false })
    expect(proof.lost).toContainEqual({
      what: 'object',
      object: { kind: 'column', schema: null, table: 'Key', name: 'b' },
    })
  })

  test('every table gets rows if the statements do not tell what they touch', async () => {
    const proof = await proofOn('DO $$ BEGIN DELETE FROM many_7; END $$', 'SELECT 1')
    expect(proof.rows).toBeGreaterThan(1000)
    expect(proof.lost).toContainEqual({
      what: 'rows',
      object: { kind: 'table', schema: null, name: 'many_7' },
    })
  })
})
