import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seedProject, type SeedProject } from './seed-project.ts'

// Values are stored exactly as written. Judged by the server's text form.

const SQL = `CREATE TYPE "Size" AS ENUM ('s', 'XL');
CREATE DOMAIN doc AS jsonb;
CREATE DOMAIN label AS text DEFAULT 'from domain';
CREATE TABLE item (code text PRIMARY KEY, big bigint, exact numeric, ratio double precision, j jsonb, raw json, js jsonb[],
  at time, atz timetz, day date, moment timestamptz, plain timestamp(3), bytes bytea, many bytea[], size "Size", sizes "Size"[],
  words text[], flag boolean, nested doc, nullable text);
CREATE TABLE filled (code text PRIMARY KEY, n integer NOT NULL DEFAULT 7, t text DEFAULT 'x', made uuid NOT NULL DEFAULT gen_random_uuid(),
  named label, "updatedAt" timestamptz NOT NULL, "clientId" text NOT NULL, serial serial, next text REFERENCES filled (code));
CREATE TABLE names ("n" integer PRIMARY KEY, "g" text, "t" text, "r" text, "s" text, "o" text, "d" text, "missing" text, "key" text,
  "seed" text, "relation" text, "history_schema" text, "highest" serial, "c0" text, "v0" text, "added" text, "gone" text, "kind" text,
  "columns" text, "column_name" text, "asked" text, "stored" text, "name" text, "count" text, "e" text, "h" text, "p" text, "i" text,
  "a" text UNIQUE, "m" text, "q""uoted" text, "x.y" text, "is_called" text, "last_value" text);
CREATE TABLE gone (gone text PRIMARY KEY, added integer);
CREATE EXTENSION citext;
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE equal (code text PRIMARY KEY, alias citext, span interval, docs json[], spans interval[], word text COLLATE nocase);
CREATE TABLE numbered (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text NOT NULL UNIQUE, name text);
CREATE TABLE slipway_seed_0 (r text PRIMARY KEY, t text REFERENCES gone (gone));
CREATE TABLE r (t text PRIMARY KEY, n text);
`
const MODELS = `enum Size {
  SMALL @map("s")
  XL
}
model filled {
  code      String   @id
  clientId  String   @default(cuid())
  updatedAt DateTime @updatedAt
}
`

let project: SeedProject
beforeEach(async () => {
  project = await seedProject(SQL, MODELS)
})
afterEach(async () => project.drop())

function items(rows: string, file = 'base/item.json', table = 'item', key = 'code'): void {
  project.tables({ [table]: { key: [key], mode: 'own' } })
  project.write({ [file]: rows })
}

/** Runs the set, verifies it, and returns a row as texts. */
async function stored(columns: string, table = 'item'): Promise<unknown> {
  const run = await project.seed('run')
  expect(run.exitCode, run.stdout).toBe(0)
  const again = await project.seed('run')
  expect(again.sets).toMatchObject([{ inserted: 0, updated: 0, deleted: 0 }])
  const verified = await project.seed('verify')
  expect(verified.exitCode, verified.stdout).toBe(0)
  const texts = columns.split(',').map((column) => `(${column})::text`)
  const rows = await project.target.sql(`SELECT ${texts.join(', ')} FROM ${table} ORDER BY 1`)
  return rows.map((row) => Object.values(row))
}

describe('numbers of JSON are exact', () => {
  const ROW = `{ "code": "a", "big": 9007199254740993, "exact": 0.10000000000000000000001, "j": { "id": 9007199254740993, "d": 1.10 }, "raw": [1.0,  2E3] }`
  test.each([
    ['base/item.json', `[${ROW}]`],
    ['base/item.ndjson', `${ROW}\n`],
  ])('%s', async (file, text) => {
    items(text, file)
    expect(await stored('big,exact,j,raw')).toEqual([
      [
        '9007199254740993',
        '0.10000000000000000000001',
        '{"d": 1.10, "id": 9007199254740993}',
        '[1.0,  2E3]',
      ],
    ])
  })

  test('set.json', async () => {
    project.write({
      'base/set.json': `{ "version": 1, "tables": { "item": { "key": ["code"], "rows": [${ROW}] } } }`,
    })
    expect(await stored('big,j')).toEqual([
      ['9007199254740993', '{"d": 1.10, "id": 9007199254740993}'],
    ])
  })
})

describe('values by the type of their column', () => {
  test('in JSON', async () => {
    const rows = [
      {
        code: '1',
        j: 'text',
        js: ['a', 1, null, [1, 2], { a: 1 }],
        raw: 'null',
        size: 'SMALL',
        sizes: ['SMALL', 's', 'XL'],
      },
      { code: '2', j: true, js: [], raw: 5, size: 's', sizes: [] },
      { code: '3', j: [1, 'x'], js: [true], raw: { b: 1, '1': 2 }, size: 'XL', sizes: null },
      {
        code: '4',
        j: null,
        js: [{ $json: 'null' }],
        raw: { $json: 'null' },
        size: null,
        sizes: null,
      },
      {
        code: '5',
        j: { $json: '{"$json":"x"}' },
        js: null,
        raw: { $json: ' [1,\n2] ' },
        size: null,
        sizes: null,
      },
    ]
    items(JSON.stringify(rows))
    expect(await stored('code,j,js,raw,size,sizes')).toEqual([
      [
        '1',
        '"text"',
        String.raw`{"\"a\"",1,NULL,"[1, 2]","{\"a\": 1}"}`,
        '"null"',
        's',
        '{s,s,XL}',
      ],
      ['2', 'true', '{}', '5', 's', '{}'],
      ['3', '[1, "x"]', '{true}', '{"1":2,"b":1}', 'XL', null],
      ['4', null, '{"null"}', 'null', null, null],
      ['5', '{"$json": "x"}', null, ' [1,\n2] ', null, null],
    ])
  })

  test('in code', async () => {
    project.write({
      'code.ts': `class JsonNull {}
        class Decimal { digits: string; constructor(digits: string) { this.digits = digits } toJSON() { return this.digits } }
        export default { version: 1, tables: { item: { key: ['code'], mode: 'own', rows: function* () {
        const moment = new Date('2026-02-03T04:05:06.789Z')
        yield { code: '1', at: moment, atz: moment, day: moment, moment, plain: moment, bytes: new Uint8Array([0, 255]),
          many: [Buffer.from('a'), 'YQ=='], j: moment, js: ['x', 2n ** 60n], nested: 'n', exact: new Decimal('1.50'), flag: false, words: ['NULL', null, '"', '\\\\'] }
        yield { code: '2', day: new Date('-000043-03-15'), moment: new Date('+012345-01-01T00:00:00Z'), bytes: '\\\\x00ff', j: new JsonNull(), big: 2n ** 62n, flag: true }
        yield { code: '3', bytes: 'AP8=', j: { a: [1n] }, ratio: -0, exact: 1e21, day: new Date('9999-12-31'), moment: new Date('0000-01-01T00:00:00Z') }
      } } } }`,
    })
    expect(
      await stored('code,at,atz,day,moment,plain,bytes,many,j,js,nested,exact,flag,big,words'),
    ).toEqual([
      [
        '1',
        '04:05:06.789',
        '04:05:06.789+00',
        '2026-02-03',
        '2026-02-03 04:05:06.789+00',
        '2026-02-03 04:05:06.789',
        String.raw`\x00ff`,
        String.raw`{"\\x61","\\x61"}`,
        '"2026-02-03T04:05:06.789Z"',
        String.raw`{"\"x\"",1152921504606846976}`,
        '"n"',
        '1.50',
        'false',
        null,
        String.raw`{"NULL",NULL,"\"","\\"}`,
      ],
      [
        '2',
        null,
        null,
        '0044-03-15 BC',
        '12345-01-01 00:00:00+00',
        null,
        String.raw`\x00ff`,
        null,
        'null',
        null,
        null,
        null,
        'true',
        '4611686018427387904',
        null,
      ],
      [
        '3',
        null,
        null,
        '9999-12-31',
        '0001-01-01 00:00:00+00 BC',
        null,
        String.raw`\x00ff`,
        null,
        '{"a": [1]}',
        null,
        null,
        '1000000000000000000000',
        null,
        null,
        null,
      ],
    ])
  })

  test('in CSV: PostgreSQL text forms, bytes as hex or base64, enums by both names', async () => {
    items(
      'code,j,js,bytes,size,at,words\n1,"""x""","{""1""}",AP8=,SMALL,04:05,"{a,b}"\n2,5,{},\\x00ff,s,,\n',
      'base/item.csv',
    )
    expect(await stored('code,j,js,bytes,size,at,words')).toEqual([
      ['1', '"x"', '{1}', String.raw`\x00ff`, 's', '04:05:00', '{a,b}'],
      ['2', '5', '{}', String.raw`\x00ff`, 's', null, null],
    ])
  })

  test.each([
    [
      `[{ "code": "a" }, { "code": "x\\ud800" }]`,
      /^code at line 1 of item in base/,
      /unpaired surrogate/,
    ],
    [`[{ "code": "a" },\n{ "code": "x\\u0000" }]`, /^code at line 2/, /NUL/],
    [`[{ "code": "a" },\n{ "code": "b", "bytes": "no base64!" }]`, /^bytes at line 2/, /base64/],
    [`[{ "code": "a", "j": { "a": 1, "b": [{ "c": 1, "c": 2 }] } }]`, /^j at line 1/, /"c" twice/],
  ])('%s is refused with its place', async (rows, message, why) => {
    items(rows)
    const { failure, code, stdout } = await project.seed('run')
    expect(code, stdout).toBe('SEEDS.ROW_INVALID')
    expect(failure?.message).toMatch(message)
    expect(failure?.why).toMatch(why)
    expect(failure?.where?.file).toMatch(/item\.json$/)
    expect(await project.target.sql('SELECT FROM item')).toEqual([])
  })

  test.each([
    ['rows: [{ code: "a" }, { code: "x\\ud800" }]', /^code at row 2/],
    ['rows: [{ code: "a", day: new Date(NaN) }]', /^day at row 1/],
    ['rows: [{ code: "a", j: () => 1 }]', /^j at row 1/],
    ['rows: [{ code: () => 1 }]', /^code at row 1/],
    ['rows: () => { const a: any = { code: "a" }; a.j = a; return [a] }', /^j at row 1/],
    ['rows: [{ code: "a" }, null]', /^Row 2 of the rows of item in code is not an object/],
  ])('code: %s', async (rows, message) => {
    project.write({
      'code.ts': `export default { version: 1, tables: { item: { key: ['code'], ${rows} } } }`,
    })
    const { failure, code, stdout } = await project.seed('run')
    expect(code, stdout).toBe('SEEDS.ROW_INVALID')
    expect(failure?.message).toMatch(message)
    expect(failure?.where?.file).toMatch(/code\.ts$/)
    expect(await project.target.sql('SELECT FROM item')).toEqual([])
  })
})

describe('a field that a row leaves out', () => {
  test('gets its default in a new row, and keeps its value in an existing row', async () => {
    const set = (rows: string) =>
      project.write({
        'base.ts': `export default { version: 1, tables: { filled: { key: ['code'], rows: ${rows} } } }`,
      })
    set(
      `[{ code: 'a' }, { code: 'b', n: 1, t: null, next: { code: 'a' } }, { code: 'c', t: 'y', n: undefined, clientId: 'own', next: null }, { code: 'd', next: 'b' }]`,
    )
    expect(await stored('code,n,t,named,"clientId" = $$own$$,next', 'filled')).toEqual([
      ['a', '7', 'x', 'from domain', 'false', null],
      ['b', '1', null, 'from domain', 'false', 'a'],
      ['c', '7', 'y', 'from domain', 'true', null],
      ['d', '7', 'x', 'from domain', 'false', 'b'],
    ])
    const before = await project.target.sql('SELECT * FROM filled ORDER BY code')
    await project.target.sql(
      `UPDATE filled SET n = 99, t = 'edited', "clientId" = 'edited', next = 'd'`,
    )
    const again = await project.seed('run', '--dry-run')
    expect(again.sets[0]?.tables[0]?.rows).toEqual([
      { kind: 'update', key: { code: 'b' }, columns: ['n', 't', 'next'] },
      { kind: 'update', key: { code: 'c' }, columns: ['t', 'clientId', 'next'] },
      { kind: 'update', key: { code: 'd' }, columns: ['next'] },
    ])
    expect(await stored('code,n,t,"clientId" = $$edited$$,next', 'filled')).toEqual([
      ['a', '99', 'edited', 'true', 'd'],
      ['b', '1', null, 'true', 'a'],
      ['c', '99', 'y', 'false', null],
      ['d', '99', 'edited', 'true', 'b'],
    ])
    expect(before).toHaveLength(4)
  })

  test('is required only in a new row, and the failure names the row', async () => {
    await project.target.sql(`INSERT INTO names (n, a) VALUES (1, 'x')`)
    await project.target.sql('ALTER TABLE names ALTER a SET NOT NULL')
    items('{"n":1,"t":"y"}\n', 'base/names.ndjson', 'names', 'n')
    expect(await stored('n,a,t', 'names')).toEqual([['1', 'x', 'y']])
    items('{"n":1,"a":"x"}\n{"n":2,"t":"y"}\n', 'base/names.ndjson', 'names', 'n')
    const { failure, stdout } = await project.seed('run')
    expect(failure, stdout).toMatchObject({
      code: 'SEEDS.ROW_INVALID',
      message: expect.stringContaining('Row 2'),
      where: { line: 2 },
    })
  })

  test.each([
    ['code,client_id,clientId\na,b,c\n', /gives client_id twice: as clientId and as client_id/],
    ['code,next,next.code\na,,a\n', /gives next twice/],
  ])('one column given by two names: %s', async (text, why) => {
    await project.target.sql('ALTER TABLE filled RENAME "clientId" TO client_id')
    const mapped = MODELS.replace(
      'clientId  String   @default(cuid())',
      'clientId String @map("client_id")',
    )
    writeFileSync(
      path.join(project.root, 'prisma/schema.prisma'),
      `datasource db {\n  provider = "postgresql"\n}\n${mapped}`,
    )
    items(text, 'base/filled.csv', 'filled')
    const { failure, stdout } = await project.seed('run')
    expect(failure, stdout).toMatchObject({ code: 'SEEDS.ROW_INVALID' })
    expect(failure?.why).toMatch(/twice/)
    expect(failure?.why).toMatch(why.source.includes('client') ? /client_id/ : why)
  })
})

describe('files', () => {
  test.each([
    ['base/item.csv', 'code,flag\na,true\n', 'code,flag\n'],
    ['base/item.json', '[{"code":"a"}]', '[]'],
    ['base/item.ndjson', '{"code":"a"}\n', ''],
  ])('an empty %s is an empty set', async (file, one, none) => {
    items(one, file)
    expect(await stored('code')).toEqual([['a']])
    items(none, file)
    expect(await stored('code')).toEqual([])
    expect((await project.seed('verify')).exitCode).toBe(0)
  })

  test.each(['csv', 'json', 'ndjson'])(
    'run reads what export writes for an empty table: %s',
    async (as) => {
      const exported = await project.seed('export', '--tables', 'item', '--as', as)
      expect(exported.exitCode, exported.stdout).toBe(0)
      expect((await project.seed('run')).exitCode).toBe(0)
    },
  )

  test('U+2028 and a lone CR end no line', async () => {
    items('{"code":"a\u2028b"}\r\n{"code":"c\u2029d\u0085"}\n{"code":"e"}', 'base/item.ndjson')
    expect(await stored('code')).toEqual([['a\u2028b'], ['c\u2029d\u0085'], ['e']])
  })

  test.each([
    ['base/item.csv', 'code,flag,code\na,true,b\n', 1],
    ['base/item.json', '[{"code":"a"},\n{"code":"b",\n"code":"c"}]', 2],
    ['base/item.ndjson', '{"code":"a"}\n{"code":"b","\\u0063ode":"c"}\n', 2],
  ])('a duplicate name in %s', async (file, text, line) => {
    items(text, file)
    const { failure, stdout } = await project.seed('run')
    expect(failure, stdout).toMatchObject({ code: 'SEEDS.FILE_INVALID', where: { line } })
    expect(failure?.why).toContain('"code" twice')
  })

  test.each([
    ['a value', 'code,big\r\n"a\r\nb\r\nc",1\r\nd,x\r\n', 5],
    ['a quote', 'code,big\r\n"a\r\nb\r\nc",1\r\nd"e,1\r\n', 5],
    ['a second cell', 'code,words,big\r\n"a\r\nb","{\r\n}",1\r\nd,,x\r\n', 5],
  ])('CRLF in a cell counts as one line end: %s', async (_name, text, line) => {
    items(text, 'base/item.csv')
    expect((await project.seed('run')).failure).toMatchObject({ where: { line } })
  })
})

describe('names of a user do not collide with those of Slipway', () => {
  test('a table whose columns have the names of all aliases', async () => {
    const columns = await project.target.sql(
      `SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'names' AND column_name NOT IN ('n', 'highest', 'x.y')`,
    )
    const row = (n: number, a: string, more = 'z') => ({
      ...Object.fromEntries(columns.map(({ name }) => [name, `${more}${n}`])),
      n,
      a,
    })
    for (const rows of [
      [row(1, 'one'), row(2, 'two')],
      [row(1, 'two'), row(2, 'one')],
      [row(3, 'two', 'w'), { n: 1, a: 'one' }],
      [],
    ]) {
      items(JSON.stringify(rows), 'base/names.json', 'names', 'n')
      expect(await stored('n,a', 'names')).toEqual(
        rows.toSorted((one, other) => one.n - other.n).map(({ n, a }) => [String(n), a]),
      )
      expect((await project.seed('run', '--dry-run')).exitCode).toBe(0)
    }
  })

  test('tables with those names', async () => {
    const of = (key: string, rows: readonly object[]) => ({ key: [key], mode: 'own', rows })
    project.tables({
      gone: of('gone', [{ gone: 'a', added: 1 }]),
      slipway_seed_0: of('r', [{ r: 'x', t: { gone: 'a' } }, { r: 'y' }]),
      r: of('t', [{ t: 'u', n: 'v' }]),
    })
    expect(await stored('r,t', 'slipway_seed_0')).toEqual([
      ['x', 'a'],
      ['y', null],
    ])
    project.tables({ gone: of('gone', []), slipway_seed_0: of('r', [{ r: 'y' }]), r: of('t', []) })
    expect(await stored('r,t', 'slipway_seed_0')).toEqual([['y', null]])
  })
})

test('a value is changed although the server calls the new one equal, or cannot compare it', async () => {
  const before = {
    code: 'a',
    alias: 'Ann',
    span: '1 mon',
    docs: [{ a: 1 }],
    spans: ['1 mon'],
    word: 'x',
  }
  const after = {
    code: 'a',
    alias: 'ANN',
    span: '30 days',
    docs: [{ a: 2 }],
    spans: ['30 days'],
    word: 'X',
  }
  project.tables({ equal: { key: ['code'], rows: [before] } })
  expect((await project.seed('run')).sets).toMatchObject([{ inserted: 1 }])
  project.tables({ equal: { key: ['code'], rows: [after] } })
  const tried = await project.seed('run', '--dry-run')
  const columns = ['alias', 'span', 'docs', 'spans', 'word']
  expect(tried.sets[0]?.tables[0]?.rows).toMatchObject([{ kind: 'update', columns }])
  expect(await stored('alias,span,docs,spans,word', 'equal')).toEqual([
    ['ANN', '30 days', String.raw`{"{\"a\":2}"}`, '{"30 days"}', 'X'],
  ])
})

describe('numbers that a sequence gives', () => {
  const rowsOf = async (table: string) =>
    await project.target.sql(`SELECT highest AS number, s FROM ${table} ORDER BY 1`)

  test('rows with and without a number get different ones, in any order', async () => {
    await project.target.sql('CREATE TABLE counted (highest serial UNIQUE, s text PRIMARY KEY)')
    const rows = [{ s: 'a' }, { highest: 1, s: 'b' }, { s: 'c' }, { highest: 2, s: 'd' }]
    project.tables({ counted: { key: ['s'], rows } })
    expect((await project.seed('run')).sets).toMatchObject([{ inserted: 4 }])
    expect(await rowsOf('counted')).toEqual([
      { number: 1, s: 'b' },
      { number: 2, s: 'd' },
      { number: 3, s: 'a' },
      { number: 4, s: 'c' },
    ])
  })

  test('a dry run does not move the sequence past the given numbers', async () => {
    await project.target.sql('CREATE TABLE counted (highest serial UNIQUE, s text PRIMARY KEY)')
    project.tables({ counted: { key: ['s'], rows: [{ highest: 100, s: 'a' }] } })
    expect((await project.seed('run', '--dry-run')).sets).toMatchObject([{ inserted: 1 }])
    const last = async () =>
      (await project.target.sql('SELECT last_value FROM counted_highest_seq'))[0]?.['last_value']
    expect(await last()).toBe('1')
    await project.seed('run')
    expect(await last()).toBe('100')
  })

  test('a row with an identity that is always generated can be updated', async () => {
    const set = (row: object) => project.tables({ numbered: { key: ['code'], rows: [row] } })
    set({ id: 5, code: 'a', name: 'x' })
    expect((await project.seed('run')).sets).toMatchObject([{ inserted: 1 }])
    set({ id: 5, code: 'a', name: 'y' })
    expect(await stored('id,code,name', 'numbered')).toEqual([['5', 'a', 'y']])
    set({ id: 6, code: 'a', name: 'z' })
    const refused = await project.seed('run')
    expect(refused).toMatchObject({ exitCode: 2, code: 'SEEDS.ROW_INVALID' })
    expect(refused.failure?.why).toContain('GENERATED ALWAYS')
  })

  test('numbers that a sequence never reaches do not move it', async () => {
    await project.target.sql(`CREATE TABLE counted (highest serial UNIQUE, s text PRIMARY KEY);
      ALTER TABLE counted ALTER highest TYPE bigint; CREATE SEQUENCE fall INCREMENT -1;
      CREATE TABLE falling (highest integer UNIQUE DEFAULT nextval('fall'), s text PRIMARY KEY);
      ALTER SEQUENCE fall OWNED BY falling.highest`)
    const rows = [{ highest: 3_000_000_000, s: 'a' }, { highest: 5, s: 'b' }, { s: 'c' }]
    const falling = [{ highest: 9, s: 'a' }, { highest: -5, s: 'b' }, { s: 'c' }]
    project.tables({
      counted: { key: ['s'], rows },
      falling: { key: ['s'], rows: falling },
    })
    expect(await project.seed('run')).toMatchObject({ failure: null })
    const numberOf = async (table: string) =>
      await project.target.sql(`SELECT highest::text AS n FROM ${table} WHERE s = 'c'`)
    expect(await numberOf('counted')).toEqual([{ n: '6' }])
    expect(await numberOf('falling')).toEqual([{ n: '-6' }])
  })
})

test.each([['--dry-run'], []])(
  'a deferred constraint is checked, and the set is named: %s',
  async (...flags) => {
    await project.target
      .sql(`CREATE TABLE later (code text PRIMARY KEY, n integer UNIQUE DEFERRABLE INITIALLY DEFERRED);
    INSERT INTO later VALUES ('x', 1)`)
    project.tables({ later: { key: ['code'], rows: [{ code: 'a', n: 1 }] } })
    const refused = await project.seed('run', ...flags)
    expect(refused).toMatchObject({ exitCode: 2, code: 'SEEDS.ROW_INVALID' })
    expect(refused.failure?.message).toContain('base')
    expect(await project.target.sql('SELECT code FROM later')).toEqual([{ code: 'x' }])
    project.tables({
      later: {
        key: ['code'],
        rows: [
          { code: 'a', n: 1 },
          { code: 'x', n: 2 },
        ],
      },
    })
    expect(await project.seed('run', ...flags)).toMatchObject({ failure: null })
  },
)
