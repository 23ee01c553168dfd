import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createDatabase } from '../../../test/postgres.ts'
import { ConnectionString, failureOf } from '../../kernel/index.ts'
import { withSession } from '../index.ts'
import { withoutRowContent } from './row-content.ts'

const from = (sqlstate: string, sent = '', routine?: string) => ({ sqlstate, sent, routine })

test.each([
  [
    '22P02',
    'invalid input syntax for type integer: "12 "a" b"',
    'invalid input syntax for type integer: "…"',
  ],
  [
    '22P02',
    'invalid input value for enum "Status": "LOST"',
    'invalid input value for enum "Status": "…"',
    'enum_in',
  ],
  [
    '22003',
    'value "99999999999" is out of range for type integer',
    'value "…" is out of range for type integer',
  ],
  [
    '22001',
    'value too long for type character varying(3)',
    'value too long for type character varying(3)',
    'varchar',
  ],
  [
    '22021',
    'invalid byte sequence for encoding "UTF8": 0xc3 0x28',
    'invalid byte sequence for encoding "UTF8": …',
    'report_invalid_encoding',
  ],
  ['2200N', 'line 1: Start tag expected\nsecret\n^', 'line 1: Start tag expected'],
  ['23505', 'Key (a, b)=(1, x) y)) already exists.', 'Key (a, b)=(…) already exists.'],
  [
    '23503',
    'Key (a)=((1) is not present in table "b".',
    'Key (a)=(…) is not present in table "b".',
  ],
  ['23502', 'Failing row contains (1, secret (x), null).', 'Failing row contains (…).'],
  [
    '23514',
    'Partition key of the failing row contains (a) = (x\ny).',
    'Partition key of the failing row contains (…).',
  ],
  ['42P01', 'relation "user" does not exist', 'relation "user" does not exist'],
  [
    '58P01',
    'could not open extension control file "/usr/share/postgresql/14/extension/user.control": No such file or directory',
    'could not open extension control file "user": No such file or directory',
    'parse_extension_control_file',
  ],
])('%s: %s', (sqlstate, text, shown, routine = '') => {
  expect(withoutRowContent(text, from(sqlstate, 'SELECT * FROM "user"', routine))).toBe(shown)
})

test('a value that became a name in a composed statement is found in the context', () => {
  const sent = "DO $$ BEGIN EXECUTE format('DROP FUNCTION %I(text)', v); END $$"
  const context =
    'SQL statement "DROP FUNCTION zebra(text)"\nPL/pgSQL function inline_code_block line 1 at EXECUTE'
  const origin = { ...from('42883', sent, 'LookupFuncWithArgs'), context }
  expect(withoutRowContent('function zebra(text) does not exist', origin)).toBe(
    '… …(…) does not exist',
  )
  const written = { ...origin, sent: 'DO $$ BEGIN DROP FUNCTION zebra(text); END $$' }
  expect(withoutRowContent('function zebra(text) does not exist', written)).toBe(
    'function zebra(text) does not exist',
  )
})

test.each([
  ['42601', 'tsvector内の構文エラー: zebra', 'gettoken_tsvector'],
  ['22P02', 'კოდი არასწორია: zebra.', 'report_parse_error'],
  ['22003', 'zebra დიაპაზონს გარეთაა ტიპისთვის: real', 'float4in'],
])('a translation without quotation marks shows no value: %s %s', (sqlstate, text, routine) => {
  expect(withoutRowContent(text, from(sqlstate, 'SELECT a FROM b', routine))).not.toContain('zebra')
})

test('in an error that user code raises, the words of the script stay', () => {
  const sent = "DO $$ BEGIN RAISE EXCEPTION 'orders of % lack a price, % in all', mail, n; END $$"
  const text = 'orders of ann@example.com lack a price, 12 in all'
  const shown = 'orders of … lack a price, … in all'
  expect(withoutRowContent(text, from('P0001', sent))).toBe(shown)
  expect(withoutRowContent(text, from('23505', sent, 'exec_stmt_raise'))).toBe(shown)
  expect(withoutRowContent('ann 12', from('P0001'))).toMatch(/^a function raised an error/)
})

test('no error of the server repeats row content', async () => {
  const database = await createDatabase()
  const scripts: readonly ((literal: string) => string)[] = [
    (value) => `SELECT ${value}::integer`,
    (value) => `SELECT ${value}::uuid`,
    (value) => `SELECT ${value}::timestamptz`,
    (value) => `SELECT ${value}::jsonb`,
    (value) => `SELECT ${value}::int[]`,
    (value) => `SELECT ${value}::inet`,
    (value) => `SELECT ${value}::numrange`,
    (value) => `SELECT to_date(${value}, 'YYYY-MM-DD')`,
    (value) => `SELECT 'x' ~ (${value} || '(')`,
    (value) => `INSERT INTO one VALUES (${value}), (${value})`,
    (value) => `INSERT INTO short VALUES (${value})`,
    (value) => `INSERT INTO child VALUES (${value})`,
    (value) => `INSERT INTO partitioned VALUES (${value})`,
  ]
  const secret = fc
    .string({
      unit: fc.constantFrom('q', 'z', '9', '"', "'", '(', ')', ' ', '\n', '\\', ':', 'é'),
      minLength: 1,
      maxLength: 12,
    })
    .map((text) => `${text}KJHGFD${text}`)
  try {
    await withSession(
      { kind: 'postgres', url: new ConnectionString(database.url) },
      {},
      async (session) => {
        await session.execute(`CREATE TABLE one (v text UNIQUE); CREATE TABLE short (v text CHECK (length(v) < 3));
        CREATE TABLE child (v text REFERENCES one (v)); CREATE TABLE partitioned (v text) PARTITION BY LIST (v)`)
        let refused = 0
        await fc.assert(
          fc.asyncProperty(secret, fc.constantFrom(...scripts), async (value, script) => {
            const literal = `'${value.replaceAll("'", "''")}'`
            const failure = await session.execute(script(literal)).then(() => undefined, failureOf)
            if (failure) refused++
            expect(JSON.stringify(failure) ?? '').not.toContain('KJHGFD')
          }),
          { numRuns: 300 },
        )
        expect(refused).toBeGreaterThan(250)
      },
    )
  } finally {
    await database.drop()
  }
})

test('a notice of user code is marked as a notice of the server, and does not repeat row content either', async () => {
  const heard: string[] = []
  const onNotice = (text: string) => heard.push(text)
  const database = await createDatabase()
  await withSession(
    { kind: 'postgres', url: new ConnectionString(database.url) },
    { onNotice },
    async (session) => {
      await session.execute(`CREATE TABLE t (v text); INSERT INTO t VALUES (reverse('DFGHJK'));
      CREATE TABLE IF NOT EXISTS t (v text); DROP TABLE IF EXISTS other; CREATE VIEW w AS SELECT FROM t;
      DO $$ BEGIN RAISE NOTICE 'found %', (SELECT v FROM t); RAISE WARNING 'look'; END $$;
      DROP TABLE t CASCADE;`)
    },
  )
  await database.drop()
  // Notices of IF EXISTS and CASCADE only repeat what the statement requests.
  expect(heard).toEqual(['notice of the server: found …', 'warning of the server: look'])
})
