import { beforeAll, describe, expect, test } from 'vitest'
import { checkedRows, serverTakes } from '../../test/checked-rows.ts'
import { createTarget, type TestTarget } from '../../test/target.ts'
import { objectText } from '../statements/index.ts'

let target: TestTarget

beforeAll(async () => {
  target = await createTarget()
  return () => target.drop()
})

const USERS = `CREATE TABLE users (id integer PRIMARY KEY, name text, age integer, code varchar(20));
  INSERT INTO users VALUES (1, 'ann', 10, 'a'), (2, 'bob', 20, 'b'), (3, 'ann', NULL, 'ccccc'), (4, NULL, -5, 'a');`
const OTHERS = `CREATE SCHEMA other; CREATE TABLE other."Odd ""Table" ("A b" integer, c integer, "Value" text, PRIMARY KEY (c, "A b"));
  INSERT INTO other."Odd ""Table" VALUES (1, 1, 'x'), (2, 1, 'x'), (1, 2, NULL);`
const KEYLESS = `CREATE TABLE keyless (v integer, w text); INSERT INTO keyless VALUES (1, 'a'), (1, 'b'), (NULL, 'c');`
const ORDERS = `${USERS} CREATE TABLE orders (id bigint PRIMARY KEY, user_id integer, at date);
  INSERT INTO orders VALUES (10, 1, '2020-01-01'), (11, 9, '2020-01-01'), (12, NULL, '2021-01-01'), (13, 8, NULL);`
const BOOKINGS = `CREATE EXTENSION IF NOT EXISTS btree_gist; CREATE TABLE bookings (id integer PRIMARY KEY, seat integer, during int4range, f integer, u integer);
  INSERT INTO bookings VALUES (1, 1, '[1,5)', 1, 5), (2, 1, '[4,8)', 4, 8), (3, 2, '[1,9)', 1, 9), (4, 1, '[8,9)', 8, 9);`
const PARTS = `CREATE TABLE parts (id integer, v text) PARTITION BY RANGE (id); CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
  INSERT INTO parts VALUES (1, 'a'), (2, NULL);`
const COLLATED = `CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  CREATE TABLE words (id integer PRIMARY KEY, word text, loose text COLLATE any_case); INSERT INTO words VALUES (1, 'a', 'a'), (2, 'A', 'A');`
const BITS = `CREATE TABLE bits (id integer PRIMARY KEY, few bit(4), many bit varying(8), words varchar(5)[]); INSERT INTO bits VALUES (1, '1010', '1', '{a}');
  CREATE DOMAIN tag AS varchar(5);`
const MOODS = `CREATE TYPE "Mood" AS ENUM ('sad', 'ok', 'glad'); CREATE TABLE people (id integer PRIMARY KEY, mood "Mood", moods "Mood"[]);
  INSERT INTO people VALUES (1, 'sad', '{ok,sad}'), (2, 'ok', '{glad}'), (3, NULL, NULL), (4, 'glad', '{sad}');`
const TEXTS = `CREATE TABLE texts (id integer PRIMARY KEY, n text, d text, u text, b text, at text);
  INSERT INTO texts VALUES (1, ' 12 ', '1.5e2', '{A0EEBC99-9C0B4EF8-bb6d6bb9bd380a11}', 'Yes', '2020-02-29'),
    (2, '99999999999', '12345.678', 'a0eebc999c0b4ef8bb6d6bb9bd380a11', 'of', '2021-02-28 10:00'), (3, NULL, NULL, NULL, NULL, NULL),
    (4, 'x', 'NaN', 'zz', 'o', '2021-02-29');`
const NUMBERS = `CREATE TABLE numbers (id integer PRIMARY KEY, big bigint, num numeric, f double precision, small smallint, exact numeric(10, 2));
  INSERT INTO numbers VALUES (1, 2147483647, 99.994, 1.5, 1, 1.25), (2, 2147483648, 99.995, 3e9, 2, 99999999), (3, NULL, NULL, NULL, NULL, NULL), (4, -1, 'NaN', 'NaN', 4, 0);`

const rebuilt = (labels: string, column = 'mood', array = '') => `
  CREATE TYPE "Mood_new" AS ENUM (${labels});
  ALTER TABLE "people" ALTER COLUMN "${column}" TYPE "Mood_new"${array} USING ("${column}"::text::"Mood_new"${array});
  ALTER TYPE "Mood" RENAME TO "Mood_old"; ALTER TYPE "Mood_new" RENAME TO "Mood";`

type Violating = [kind: string, setup: string, sql: string, keys: string[], object?: string]

/** Tables with rows, pending statements, and the keys of the rows that make them fail. */
const violating: Violating[] = [
  ['not-null', USERS, 'ALTER TABLE users ALTER name SET NOT NULL', ['id=4'], 'column users.name'],
  [
    'not-null',
    USERS,
    'ALTER TABLE users ADD COLUMN x text NOT NULL',
    ['id=1', 'id=2', 'id=3', 'id=4'],
  ],
  [
    'not-null',
    USERS,
    'ALTER TABLE users ADD COLUMN x text DEFAULT NULL NOT NULL',
    ['id=1', 'id=2', 'id=3', 'id=4'],
  ],
  [
    'not-null',
    USERS,
    'ALTER TABLE users ADD COLUMN x text; ALTER TABLE users ALTER x SET NOT NULL',
    ['id=1', 'id=2', 'id=3', 'id=4'],
  ],
  [
    'not-null',
    USERS,
    'ALTER TABLE users RENAME TO p; ALTER TABLE p RENAME name TO n; ALTER TABLE p ALTER n SET NOT NULL',
    ['id=4'],
    'column p.n',
  ],
  [
    'not-null',
    USERS,
    `INSERT INTO users VALUES (9, 'x'); UPDATE users SET code = 'x'; ALTER TABLE users ALTER name SET NOT NULL`,
    ['id=4'],
  ],
  ['not-null', USERS, 'ALTER TABLE users ALTER age SET NOT NULL, ALTER age TYPE bigint', ['id=3']],
  [
    'not-null',
    OTHERS,
    'ALTER TABLE other."Odd ""Table" ALTER "Value" SET NOT NULL',
    ['c=2, A b=1'],
    'column other.Odd "Table.Value',
  ],
  ['not-null', KEYLESS, 'ALTER TABLE keyless ALTER v SET NOT NULL', ['ctid=(0,3)']],
  [
    'unique',
    USERS,
    'CREATE UNIQUE INDEX users_name ON users (name)',
    ['id=1', 'id=3'],
    'index users_name',
  ],
  [
    'unique',
    USERS,
    'CREATE UNIQUE INDEX CONCURRENTLY i ON users (lower(name) DESC)',
    ['id=1', 'id=3'],
  ],
  [
    'unique',
    USERS,
    'CREATE UNIQUE INDEX i ON users (code) WHERE age IS NOT NULL AND users.age < 15',
    ['id=1', 'id=4'],
  ],
  [
    'unique',
    USERS,
    'ALTER TABLE users ADD CONSTRAINT u UNIQUE (name)',
    ['id=1', 'id=3'],
    'constraint users.u',
  ],
  [
    'unique',
    OTHERS,
    'ALTER TABLE other."Odd ""Table" ADD UNIQUE ("Value", c)',
    ['c=1, A b=1', 'c=1, A b=2'],
  ],
  [
    'unique',
    COLLATED,
    'CREATE UNIQUE INDEX word_any ON words (word COLLATE any_case)',
    ['id=1', 'id=2'],
  ],
  ['unique', KEYLESS, 'ALTER TABLE keyless ADD UNIQUE (v)', ['ctid=(0,1)', 'ctid=(0,2)']],
  [
    'foreign-key',
    ORDERS,
    'ALTER TABLE orders ADD CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users',
    ['id=11', 'id=13'],
    'constraint orders.fk',
  ],
  [
    'foreign-key',
    ORDERS,
    'ALTER TABLE users RENAME id TO no; ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (no)',
    ['id=11', 'id=13'],
  ],
  [
    'foreign-key',
    ORDERS,
    'ALTER TABLE orders ADD CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users NOT VALID; ALTER TABLE orders VALIDATE CONSTRAINT fk',
    ['id=11', 'id=13'],
  ],
  [
    'foreign-key',
    `${ORDERS} ALTER TABLE orders ADD CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users NOT VALID;`,
    'ALTER TABLE orders VALIDATE CONSTRAINT fk',
    ['id=11', 'id=13'],
  ],
  [
    'foreign-key',
    ORDERS,
    'CREATE TABLE clients (id integer PRIMARY KEY); ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES clients',
    ['id=10', 'id=11', 'id=13'],
  ],
  [
    'foreign-key',
    OTHERS,
    'CREATE TABLE x (a int, b int, PRIMARY KEY (a, b)); ALTER TABLE other."Odd ""Table" ADD FOREIGN KEY (c, "A b") REFERENCES x',
    ['c=1, A b=1', 'c=1, A b=2', 'c=2, A b=1'],
  ],
  ['check', USERS, 'ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0 -- years\n)', ['id=4']],
  [
    'check',
    USERS,
    'ALTER TABLE users RENAME age TO years; ALTER TABLE users ADD CHECK (users.years BETWEEN 0 AND 15)',
    ['id=2', 'id=4'],
  ],
  [
    'check',
    `${USERS} ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0) NOT VALID;`,
    'ALTER TABLE users VALIDATE CONSTRAINT c',
    ['id=4'],
  ],
  [
    'check',
    USERS,
    'ALTER TABLE users ADD COLUMN x integer CHECK (x IS NOT NULL AND age > 0)',
    ['id=1', 'id=2', 'id=3', 'id=4'],
  ],
  [
    'exclusion',
    BOOKINGS,
    'ALTER TABLE bookings ADD EXCLUDE USING gist (seat WITH =, during WITH &&)',
    ['id=1', 'id=2'],
  ],
  [
    'exclusion',
    BOOKINGS,
    'ALTER TABLE bookings ADD EXCLUDE USING gist (int4range(f, u) WITH &&) WHERE (seat < 3 AND id > 1)',
    ['id=2', 'id=3', 'id=4'],
  ],
  ...['bit(4)', 'bit varying(4)', 'varchar(5)[]', 'tag[]', '"char"'].map((type): Violating => [
    'not-null',
    BITS,
    `ALTER TABLE bits ADD x ${type} NOT NULL`,
    ['id=1'],
  ]),
  ['length', USERS, 'ALTER TABLE users ALTER code TYPE varchar(3)', ['id=3']],
  ['length', USERS, 'ALTER TABLE users ALTER age TYPE varchar(1)', ['id=1', 'id=2', 'id=4']],
  ['enum-value', MOODS, rebuilt(`'sad', 'ok'`), ['id=4'], 'column people.mood'],
  ['enum-value', MOODS, rebuilt(`'sad', 'ok'`, 'moods', '[]'), ['id=2']],
  [
    'enum-value',
    USERS,
    `CREATE TYPE n AS ENUM ('ann'); ALTER TABLE users ALTER name TYPE n USING name::n`,
    ['id=2'],
  ],
  ['cast', TEXTS, 'ALTER TABLE texts ALTER n TYPE integer USING n::integer', ['id=2', 'id=4']],
  ['cast', TEXTS, 'ALTER TABLE texts ALTER n TYPE bigint USING (n::bigint)', ['id=4']],
  ['cast', TEXTS, 'ALTER TABLE texts ALTER d TYPE numeric(6, 2) USING d::numeric(6, 2)', ['id=2']],
  ['cast', TEXTS, 'ALTER TABLE texts ALTER u TYPE uuid USING CAST(u AS uuid)', ['id=4']],
  ['cast', TEXTS, 'ALTER TABLE texts ALTER b TYPE boolean USING b::boolean', ['id=4']],
  ['cast', NUMBERS, 'ALTER TABLE numbers ALTER big TYPE integer', ['id=2']],
  ['cast', NUMBERS, 'ALTER TABLE numbers ALTER num TYPE numeric(4, 2)', ['id=2']],
  ['cast', NUMBERS, 'ALTER TABLE numbers ALTER num TYPE integer', ['id=4']],
  ['cast', NUMBERS, 'ALTER TABLE numbers ALTER f TYPE integer', ['id=2', 'id=4']],
  ['cast', NUMBERS, 'ALTER TABLE numbers ALTER exact TYPE numeric(6, 2)', ['id=2']],
]

describe('violating rows are reported, and the server refuses the statements', () => {
  test.each(
    violating.map(([kind, setup, sql, keys, object]) => ({ kind, setup, sql, keys, object })),
  )('$kind: $sql', async ({ kind, setup, sql, keys, object }) => {
    const failed = (await checkedRows(target, { setup, sql })).filter(({ ok }) => ok !== true)
    expect(failed).toMatchObject([{ kind, ok: false, violations: keys.length, sample: keys }])
    const about = failed.map((check) => objectText(check.object))
    expect(about).toEqual([object ?? about[0]])
    expect(await serverTakes(target, sql)).toBe(false)
  })
})

/** The same tables, and statements that their rows allow. */
const clean: [setup: string, sql: string][] = [
  [USERS, 'ALTER TABLE users ALTER code SET NOT NULL'],
  [
    USERS,
    'ALTER TABLE users ADD COLUMN x text NOT NULL DEFAULT $$$$, ADD COLUMN n serial NOT NULL',
  ],
  [USERS, 'TRUNCATE users; ALTER TABLE users ALTER code SET NOT NULL'],
  [USERS, 'ALTER TABLE users ALTER id SET NOT NULL; ALTER TABLE users ADD UNIQUE (id, code)'],
  [USERS, 'CREATE UNIQUE INDEX i ON users (name) WHERE age > 5'],
  [USERS, 'CREATE UNIQUE INDEX i ON users (age, code) WHERE name IS NOT NULL'],
  [
    `${USERS} CREATE INDEX i ON users (name);`,
    'CREATE UNIQUE INDEX IF NOT EXISTS i ON users (name)',
  ],
  [OTHERS, 'ALTER TABLE other."Odd ""Table" ADD UNIQUE ("Value", "A b")'],
  [KEYLESS, 'ALTER TABLE keyless ADD PRIMARY KEY (w)'],
  [KEYLESS, 'ALTER TABLE keyless ADD UNIQUE (v, w)'],
  [ORDERS, 'ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID'],
  [
    ORDERS,
    'ALTER TABLE orders ADD COLUMN u integer; ALTER TABLE orders ADD FOREIGN KEY (u) REFERENCES users',
  ],
  [
    ORDERS,
    `INSERT INTO users VALUES (30); ALTER TABLE orders ADD COLUMN u integer REFERENCES users`,
  ],
  [
    USERS,
    'ALTER TABLE users ADD COLUMN boss integer, ADD FOREIGN KEY (boss) REFERENCES users (id)',
  ],
  [USERS, 'ALTER TABLE users ADD CHECK (age > -10), ADD CHECK (age > 0) NOT VALID'],
  [USERS, 'ALTER TABLE users ADD COLUMN x integer CHECK (x > 0)'],
  [COLLATED, 'CREATE UNIQUE INDEX loose_c ON words (loose COLLATE pg_catalog."C", id)'],
  [COLLATED, 'CREATE UNIQUE INDEX loose_c ON words (loose COLLATE pg_catalog."C" DESC)'],
  [
    `CREATE TABLE base (id integer); CREATE TABLE child () INHERITS (base); INSERT INTO child VALUES (1);`,
    'ALTER TABLE base ADD CONSTRAINT empty CHECK (false) NO INHERIT',
  ],
  [BOOKINGS, 'ALTER TABLE bookings ADD EXCLUDE USING gist (during WITH &&) WHERE (seat = 2)'],
  [USERS, 'ALTER TABLE users ALTER code TYPE varchar(5), ALTER age TYPE varchar(2)'],
  [USERS, 'ALTER TABLE users ALTER code TYPE text, ALTER age TYPE bigint'],
  [MOODS, rebuilt(`'sad', 'ok', 'glad', 'new'`)],
  [MOODS, `UPDATE people SET moods = '{}'; ${rebuilt(`'glad', 'ok', 'sad'`)}`],
  [TEXTS, 'ALTER TABLE texts ALTER d TYPE numeric USING d::numeric'],
  [TEXTS.replaceAll('29', '28'), 'ALTER TABLE texts ALTER at TYPE timestamp USING at::timestamp'],
  [
    NUMBERS,
    'ALTER TABLE numbers ALTER num TYPE numeric(5, 2), ALTER small TYPE integer, ALTER f TYPE numeric',
  ],
  [NUMBERS, 'ALTER TABLE numbers ALTER exact TYPE numeric(12, 4), ALTER exact DROP NOT NULL'],
  [USERS, 'CREATE TABLE t (a integer); ALTER TABLE t ALTER a SET NOT NULL, ADD PRIMARY KEY (a)'],
  [USERS, 'CREATE TABLE t (a integer); UPDATE t SET a = 1; ALTER TABLE t ALTER a SET NOT NULL'],
  [USERS, 'DELETE FROM users WHERE id = 1; ALTER TABLE users ALTER code SET NOT NULL'],
  [USERS, `UPDATE users SET code = 'n' WHERE id = 1; ALTER TABLE users ALTER code SET NOT NULL`],
  [
    USERS,
    `SELECT setval('x', 1) WHERE false; ALTER TABLE users ALTER code SET NOT NULL`.replace(
      `setval('x', 1)`,
      'now()',
    ),
  ],
]

describe('other rows pass, and the server accepts the statements', () => {
  test.each(clean.map(([setup, sql]) => ({ setup, sql })))('$sql', async ({ setup, sql }) => {
    const results = await checkedRows(target, { setup, sql })
    expect(results.filter(({ ok }) => ok !== true)).toEqual([])
    expect(await serverTakes(target, sql)).toBe(true)
  })
})

const NOT_NULL = 'ALTER TABLE users ALTER name SET NOT NULL'

/** Statements that the current rows do not decide, and why. */
const undecidedCases: [setup: string, sql: string, why: string][] = [
  [
    USERS,
    `UPDATE users SET name = ''; ${NOT_NULL}`,
    'statement 1 of 2_next changes rows of users before',
  ],
  [
    USERS,
    `DELETE FROM users WHERE name IS NULL; ${NOT_NULL}`,
    'statement 1 of 2_next changes rows',
  ],
  [
    USERS,
    `DO $$ BEGIN UPDATE users SET name = ''; END $$; ${NOT_NULL}`,
    'statement 1 of 2_next may change rows',
  ],
  [USERS, `SELECT repair(); ${NOT_NULL}`, 'may change rows'],
  [
    USERS,
    `WITH d AS (DELETE FROM users) INSERT INTO users SELECT 4; ${NOT_NULL}`,
    'may change rows',
  ],
  [
    USERS,
    `INSERT INTO users VALUES (4) ON CONFLICT (id) DO UPDATE SET name = 'x'; ${NOT_NULL}`,
    'may change rows',
  ],
  [USERS, `INSERT INTO users VALUES (5); ALTER TABLE users ADD CHECK (age > -9)`, 'changes rows'],
  [
    PARTS,
    `UPDATE part_1 SET v = '' WHERE v IS NULL; ALTER TABLE parts ALTER v SET NOT NULL`,
    'may change rows of parts',
  ],
  [
    PARTS,
    `DELETE FROM parts WHERE v IS NULL; ALTER TABLE part_1 ALTER v SET NOT NULL`,
    'may change rows of part_1',
  ],
  [
    `${ORDERS} DELETE FROM orders WHERE user_id > 7; ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users;`,
    'TRUNCATE users CASCADE; ALTER TABLE orders ALTER at SET NOT NULL',
    'may change rows of orders',
  ],
  [BITS, 'ALTER TABLE bits ALTER few TYPE bit(2)', 'tests whether bit(4) fits bit(2)'],
  [
    USERS,
    `CREATE TABLE t AS SELECT 1 AS a; ALTER TABLE t ADD UNIQUE (a)`,
    'the query that fills it',
  ],
  [
    USERS,
    `CREATE TABLE t (a int); INSERT INTO t VALUES (NULL); ALTER TABLE t ALTER a SET NOT NULL`,
    'statement 2 of 2_next',
  ],
  [
    ORDERS,
    `INSERT INTO users VALUES (8), (9); ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users`,
    'rows of users',
  ],
  [
    ORDERS,
    `ALTER TABLE orders ADD u integer; UPDATE orders SET u = user_id; ALTER TABLE orders ADD FOREIGN KEY (u) REFERENCES users`,
    'rows of orders',
  ],
  [
    `${ORDERS} DELETE FROM orders WHERE user_id > 7; ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;`,
    'DELETE FROM users WHERE id = 9; ALTER TABLE orders ALTER at SET NOT NULL, ALTER user_id SET NOT NULL',
    'rows of orders',
  ],
  [
    USERS,
    `ALTER TABLE users ADD COLUMN x integer DEFAULT 1; ALTER TABLE users ADD UNIQUE (x)`,
    'adds the column x with a value of its own',
  ],
  [
    USERS,
    `ALTER TABLE users ALTER age TYPE text USING md5(age::text)`,
    'USING computes the new value',
  ],
  [TEXTS, 'ALTER TABLE texts ALTER at TYPE date USING at::date', 'ISO form'],
  [USERS, 'ALTER TABLE users ADD CHECK (missing > 1)', 'does not exist'],
  [
    BOOKINGS,
    `ALTER TABLE bookings ADD EXCLUDE USING gist (seat WITH =) WHERE (during <> '[1,2)')`,
    'plain list',
  ],
]

test.each(undecidedCases.map(([setup, sql, why]) => ({ setup, sql, why })))(
  'undecided: $sql',
  async ({ setup, sql, why }) => {
    const results = await checkedRows(target, { setup, sql })
    const open = results.filter(({ ok }) => ok !== true)
    expect(open.map(({ ok }) => ok)).toEqual(open.map(() => null))
    expect(open[0]?.undecided).toContain(why)
  },
)

test('a check that takes too long or waits for a lock is undecided', async () => {
  const slow = await checkedRows(
    target,
    { setup: USERS, sql: 'ALTER TABLE users ADD CHECK (pg_sleep(1) IS NULL)' },
    {
      timeoutMs: 50,
    },
  )
  expect(slow).toMatchObject([{ ok: null, undecided: 'took longer than 50 ms' }])
  const writes = await checkedRows(target, {
    setup: `${USERS} CREATE FUNCTION f() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN DELETE FROM users; RETURN true; END';`,
    sql: 'ALTER TABLE users ADD CHECK (f())',
  })
  expect(writes).toMatchObject([{ ok: null, undecided: expect.stringContaining('read-only') }])
  expect(await target.sql('SELECT count(*)::int AS count FROM users')).toEqual([{ count: 4 }])
})

test('at most five keys are shown, and all are counted', async () => {
  const many =
    'CREATE TABLE users (id integer PRIMARY KEY, name text); INSERT INTO users SELECT generate_series(1, 3000);'
  const [result] = await checkedRows(target, { setup: many, sql: NOT_NULL })
  expect(result).toMatchObject({ violations: 3000, statement: 1, line: 1, migration: '2_next' })
  expect(result?.sample).toEqual(['id=1', 'id=2', 'id=3', 'id=4', 'id=5'])
})
