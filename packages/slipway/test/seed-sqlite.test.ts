import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startCli } from './cli.ts'
import { SQLITE_TARGETS, type SqliteSeedProject, sqliteSeedProject } from './sqlite-seed-project.ts'

/** Seed sets on SQLite files, local D1 and D1 behind its REST API: the same on all of them. */

const SHOP = `CREATE TABLE "Carrier" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "mc_number" TEXT NOT NULL, "name" TEXT NOT NULL, "active" BOOLEAN NOT NULL DEFAULT true, "parent_id" INTEGER, CONSTRAINT "Carrier_parent_id_fkey" FOREIGN KEY ("parent_id") REFERENCES "Carrier" ("id") ON DELETE SET NULL ON UPDATE CASCADE);
CREATE UNIQUE INDEX "Carrier_mc_number_key" ON "Carrier"("mc_number");
CREATE TABLE "Contact" ("id" TEXT NOT NULL PRIMARY KEY, "email" TEXT NOT NULL, "carrier_id" INTEGER NOT NULL, "since" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, "updated_at" DATETIME NOT NULL, CONSTRAINT "Contact_carrier_id_fkey" FOREIGN KEY ("carrier_id") REFERENCES "Carrier" ("id") ON DELETE CASCADE ON UPDATE CASCADE);
CREATE UNIQUE INDEX "Contact_email_key" ON "Contact"("email");
CREATE TABLE "Stop" ("id" INTEGER NOT NULL PRIMARY KEY, "contact_id" TEXT NOT NULL REFERENCES "Contact" ("id") ON DELETE RESTRICT);`

const MODELS = `model Carrier {
  id       Int       @id @default(autoincrement())
  mcNumber String    @unique @map("mc_number")
  name     String
  active   Boolean   @default(true)
  parentId Int?      @map("parent_id")
  parent   Carrier?  @relation("parents", fields: [parentId], references: [id])
  children Carrier[] @relation("parents")
  contacts Contact[]
}

model Contact {
  id        String   @id @default(uuid())
  email     String   @unique
  carrierId Int      @map("carrier_id")
  since     DateTime @default(now())
  updatedAt DateTime @updatedAt @map("updated_at")
  carrier   Carrier  @relation(fields: [carrierId], references: [id])
  stops     Stop[]
}

model Stop {
  id        Int     @id
  contactId String  @map("contact_id")
  contact   Contact @relation(fields: [contactId], references: [id])
}
`

const CARRIERS = {
  key: ['mcNumber'],
  rows: [
    { mcNumber: 'B', name: `O'Neill & "Söhne"\nline`, parentId: { mcNumber: 'A' } },
    { mcNumber: 'A', name: 'Acme', active: false },
  ],
}
const CONTACTS = {
  key: ['email'],
  rows: [
    { email: 'ann@a', carrierId: { mcNumber: 'A' }, since: '2026-01-05T09:00:00Z' },
    { email: 'bob@b', carrierId: { mcNumber: 'B' } },
  ],
}

describe.each(SQLITE_TARGETS)('on a %s', (on) => {
  let shop: SqliteSeedProject
  beforeEach(async () => {
    shop = await sqliteSeedProject(SHOP, { models: MODELS, on })
  })
  afterEach(() => shop.drop())

  test('a set is run, and a second run changes nothing', async () => {
    shop.tables({ Contact: CONTACTS, Carrier: CARRIERS })
    const first = await shop.seed('run')
    expect(first.failure).toBeNull()
    expect(first.sets).toMatchObject([
      { name: 'base', inserted: 4, updated: 0, deleted: 0, unchanged: 0 },
    ])
    expect(
      shop.sql(`SELECT c.mc_number, c.name, c.active, p.mc_number AS parent FROM Carrier c
        LEFT JOIN Carrier p ON p.id = c.parent_id ORDER BY 1`),
    ).toEqual([
      { mc_number: 'A', name: 'Acme', active: 0, parent: null },
      { mc_number: 'B', name: `O'Neill & "Söhne"\nline`, active: 1, parent: 'A' },
    ])
    const contacts = shop.sql('SELECT id, email, since, updated_at FROM Contact ORDER BY email')
    expect(contacts).toMatchObject([
      {
        id: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-a[\da-f]{3}-[\da-f]{12}$/),
        since: '2026-01-05T09:00:00.000+00:00',
        updated_at: expect.stringMatching(/^2\d{3}-.*\+00:00$/),
      },
      { email: 'bob@b' },
    ])
    const ledger = () => shop.sql('SELECT * FROM _slipway_seed, _slipway_ledger')
    const before = ledger()
    const second = await shop.seed('run')
    expect(second.sets).toMatchObject([{ inserted: 0, updated: 0, deleted: 0, unchanged: 4 }])
    expect(ledger()).toEqual(before)
    expect(shop.sql('SELECT id, email, since, updated_at FROM Contact ORDER BY email')).toEqual(
      contacts,
    )
    expect(
      shop.sql(`SELECT name FROM sqlite_schema WHERE name GLOB '_slipway_seed_*' ORDER BY 1`),
    ).toEqual([{ name: '_slipway_seed_row' }])
  })

  test('changed rows are found, shown, and reset', async () => {
    shop.tables({ Carrier: CARRIERS })
    await shop.seed('run')
    expect((await shop.seed('verify')).exitCode).toBe(0)
    shop.sql(`UPDATE Carrier SET name = 'Other', parent_id = NULL WHERE mc_number = 'B'`)
    shop.sql(`DELETE FROM Carrier WHERE mc_number = 'A'`)
    const verified = await shop.seed('verify')
    expect(verified.exitCode).toBe(4)
    expect(verified.findings.map(({ id }) => id)).toContain('seed-missing')
    const tried = await shop.seed('run', '--dry-run')
    expect(tried.failure).toBeNull()
    expect(tried.sets[0]?.tables).toMatchObject([
      {
        table: 'Carrier',
        inserted: 1,
        updated: 1,
        rows: [
          { kind: 'insert', key: { mcNumber: 'A' }, columns: [] },
          { kind: 'update', key: { mcNumber: 'B' }, columns: ['name', 'parent_id'] },
        ],
      },
    ])
    expect(shop.sql('SELECT count(*) AS n FROM Carrier')).toEqual([{ n: 1 }])
    expect((await shop.seed('run')).sets).toMatchObject([{ inserted: 1, updated: 1 }])
    expect((await shop.seed('verify')).exitCode).toBe(0)
    const { stdout } = await shop.seed('status')
    expect(JSON.parse(stdout).result.sets).toMatchObject([{ name: 'base', status: 'current' }])
  })

  test('a set deletes rows that it inserted and no longer contains, and no others', async () => {
    const own = (names: readonly string[]) =>
      shop.tables({
        Carrier: {
          key: ['mcNumber'],
          mode: 'own',
          rows: names.map((name) => ({ mcNumber: name, name })),
        },
      })
    shop.sql(`INSERT INTO Carrier (mc_number, name) VALUES ('X', 'X'), ('Y', 'somebody''s')`)
    own(['X', 'P', 'Q'])
    expect((await shop.seed('run')).sets).toMatchObject([{ inserted: 2, unchanged: 1 }])
    own(['Q'])
    const tried = await shop.seed('run', '--dry-run')
    expect(tried.sets).toMatchObject([{ deleted: 1, unchanged: 1 }])
    expect(tried.sets[0]?.tables[0]?.rows).toEqual([
      { kind: 'delete', key: { mcNumber: 'P' }, columns: [] },
    ])
    expect((await shop.seed('run')).sets).toMatchObject([{ deleted: 1, unchanged: 1 }])
    expect(shop.sql('SELECT mc_number AS n FROM Carrier ORDER BY 1')).toEqual([
      { n: 'Q' },
      { n: 'X' },
      { n: 'Y' },
    ])
    expect((await shop.seed('run')).sets).toMatchObject([{ deleted: 0, unchanged: 1 }])
  })

  test('referenced rows remain, unless the set allows their deletion', async () => {
    const own = (names: readonly string[], cascade: readonly string[] = []) =>
      shop.tables({
        Carrier: {
          key: ['mcNumber'],
          mode: 'own',
          cascade,
          rows: names.map((name) => ({ mcNumber: name, name })),
        },
      })
    own(['P', 'Q'])
    await shop.seed('run')
    shop.sql(
      `INSERT INTO Contact (id, email, carrier_id, updated_at) SELECT 'c', 'c@p', id, 'now' FROM Carrier WHERE mc_number = 'P'`,
    )
    shop.sql(
      `UPDATE Carrier SET parent_id = (SELECT id FROM Carrier WHERE mc_number = 'P') WHERE mc_number = 'Q'`,
    )
    own(['Q'])
    const refused = await shop.seed('run')
    expect(refused.code).toBe('SEEDS.ROWS_REFERRED')
    expect(refused.failure?.message).toContain('1 row of Contact refers to rows of Carrier')
    own(['Q'], ['Contact', 'Carrier'])
    const allowed = await shop.seed('run')
    expect(allowed.failure).toBeNull()
    expect(allowed.sets[0]?.tables[0]?.cascaded).toEqual(
      expect.arrayContaining([
        { table: 'Contact', deleted: 1, updated: 0 },
        { table: 'Carrier', deleted: 0, updated: 1 },
      ]),
    )
    expect(shop.sql('SELECT count(*) AS n FROM Contact')).toEqual([{ n: 0 }])
    // Indirect deletions are refused as well.
    own(['P', 'Q'], ['Contact'])
    await shop.seed('run')
    shop.sql(
      `INSERT INTO Contact (id, email, carrier_id, updated_at) SELECT 'c', 'c@p', id, 'now' FROM Carrier WHERE mc_number = 'P'`,
    )
    shop.sql(`INSERT INTO Stop VALUES (1, 'c')`)
    own(['Q'], ['Contact'])
    expect((await shop.seed('run')).exitCode).not.toBe(0)
    expect(shop.sql('SELECT count(*) AS n FROM Contact')).toEqual([{ n: 1 }])
  })

  test('an invalid row is refused with its place, and nothing is written', async () => {
    shop.write({
      'base/set.json': JSON.stringify({
        version: 1,
        environments: ['development', 'production'],
        tables: { Carrier: { key: ['mcNumber'] }, Contact: { key: ['email'] } },
      }),
    })
    const cases: [string, string, string, number][] = [
      ['mcNumber,name\nA,a\nA,b\n', 'email,carrierId.mcNumber\n', 'SEEDS.DUPLICATE_KEY', 3],
      ['mcNumber,name\nA,a\n', 'email,carrierId.mcNumber\nx@a,Z\n', 'SEEDS.REFERENCE_MISSING', 2],
      ['mcNumber,name,active\nA,a,maybe\n', 'email,carrierId.mcNumber\n', 'SEEDS.ROW_INVALID', 2],
      ['mcNumber,name\n,a\n', 'email,carrierId.mcNumber\n', 'SEEDS.ROW_INVALID', 2],
    ]
    for (const [carriers, contacts, code, line] of cases) {
      shop.write({ 'base/Carrier.csv': carriers, 'base/Contact.csv': contacts })
      const said = await shop.seed('run')
      expect(said.failure).toMatchObject({ code, where: { line } })
      expect(shop.sql('SELECT count(*) AS n FROM Carrier')).toEqual([{ n: 0 }])
    }
    shop.write({ 'base/Carrier.csv': 'mcNumber,name\nA,\n', 'base/Contact.csv': 'email\n' })
    expect((await shop.seed('run')).failure).toMatchObject({
      code: 'SEEDS.ROW_INVALID',
      why: expect.stringContaining('Carrier.name'),
    })
  })

  test('rows are exported to files and seeded from them', async () => {
    shop.tables({ Contact: CONTACTS, Carrier: CARRIERS })
    await shop.seed('run')
    rmSync(path.join(shop.root, 'prisma/seeds/base'), { recursive: true })
    const tables = ['--tables', 'Carrier,Contact']
    const exported = await shop.seed('export', ...tables, '--set', 'out', '--as', 'ndjson')
    expect(exported.failure).toBeNull()
    const file = (name: string) =>
      readFileSync(path.join(shop.root, 'prisma/seeds/out', name), 'utf8')
    expect(file('Carrier.ndjson')).toBe(
      `{ "mcNumber": "A", "name": "Acme", "active": false, "parentId.mcNumber": null }
{ "mcNumber": "B", "name": ${JSON.stringify(CARRIERS.rows[0]?.name)}, "active": true, "parentId.mcNumber": "A" }\n`,
    )
    expect(file('Contact.ndjson')).toContain('"since": "2026-01-05T09:00:00.000+00:00"')
    const set = JSON.parse(file('set.json')) as object
    shop.write({
      'out/set.json': JSON.stringify({ ...set, environments: ['development', 'production'] }),
    })
    expect((await shop.seed('run')).sets).toMatchObject([{ inserted: 0, updated: 0, unchanged: 4 }])
    expect((await shop.seed('export', ...tables)).stdout).toContain('"unchanged"')
  })
})

describe('values', () => {
  const ALL = `CREATE TABLE "Thing" ("code" TEXT NOT NULL PRIMARY KEY, "whole" INTEGER, "big" BIGINT, "real" REAL, "dec" DECIMAL, "yes" BOOLEAN,
  "at" DATETIME, "doc" JSONB, "bytes" BLOB, "mood" TEXT, "old" DATETIME, "made" TEXT GENERATED ALWAYS AS (upper("code")) STORED);
INSERT INTO "Thing" ("code", "old") VALUES ('known', 1767603600000);`
  const MODEL = `enum Mood {
  Good @map("good one")
  Bad
}

model Thing {
  code  String   @id
  whole Int?
  big   BigInt?
  real  Float?
  dec   Decimal?
  yes   Boolean?
  at    DateTime?
  doc   Json?
  bytes Bytes?
  mood  Mood?
  old   DateTime?
  made  String?
}
`
  let shop: SqliteSeedProject
  beforeEach(async () => {
    shop = await sqliteSeedProject(ALL, { models: MODEL })
  })
  afterEach(() => shop.drop())
  const stored = () =>
    shop.sql(`SELECT code, whole, CAST(big AS TEXT) AS big, real, dec, yes, at, doc, hex(bytes) AS bytes, mood, old, made,
      typeof(whole) || typeof(big) || typeof(real) || typeof(yes) || typeof(bytes) AS types FROM Thing WHERE code <> 'known' ORDER BY code`)

  test('code, JSON and CSV give each column what Prisma stores in it', async () => {
    const set = (name: string, rows: string) =>
      `export default { version: 1, tables: { Thing: { key: ['code'], rows: ${rows} } } }\n`.replace(
        'NAME',
        name,
      )
    const given = {
      code: "'a'",
      whole: '7',
      big: '9007199254740993n',
      real: '0.1',
      dec: "'1.50'",
      yes: 'true',
      at: "new Date('2026-01-05T09:00:00.250Z')",
      doc: `{ a: [1, null, "O'x"] }`,
      bytes: 'new Uint8Array([0, 255])',
      mood: "'Good'",
      old: "new Date('2026-01-05T09:00:00Z')",
    }
    const row = Object.entries(given)
      .map(([name, value]) => `${name}: ${value}`)
      .join(', ')
    shop.write({ 'code.ts': set('code', `[{ ${row} }]`) })
    const expected = {
      whole: 7,
      big: '9007199254740993',
      real: 0.1,
      dec: 1.5,
      yes: 1,
      at: '2026-01-05T09:00:00.250+00:00',
      doc: `{"a":[1,null,"O'x"]}`,
      bytes: '00FF',
      mood: 'good one',
      old: 1767603600000,
      types: 'integerintegerrealintegerblob',
    }
    expect((await shop.seed('run')).failure).toBeNull()
    expect(stored()).toEqual([{ code: 'a', made: 'A', ...expected }])
    expect((await shop.seed('run')).sets).toMatchObject([{ unchanged: 1, updated: 0 }])

    const json = `[{"code":"b","whole":7,"big":9007199254740993,"real":0.1,"dec":1.50,"yes":true,"at":"2026-01-05 10:00:00.250+01","doc":{"a":[1,null,"O'x"]},"bytes":"AP8=","mood":"good one","old":"2026-01-05"}]`
    const csv = `code,whole,big,real,dec,yes,at,doc,bytes,mood,old\nc,7,9007199254740993,0.1,1.50,t,2026-01-05T09:00:00.250Z,"{""a"":[1,null,""O'x""]}",\\x00ff,Good,2026-01-05T09:00:00Z\nd,,,,,,,,,"",\n`
    for (const [name, file] of [
      ['json', { 'x/Thing.json': json }],
      ['csv', { 'x/Thing.csv': csv }],
    ] as const) {
      writeFileSync(path.join(shop.root, 'prisma/seeds/code.ts'), set('code', '[]'))
      shop.write({
        'code.ts': `export default { version: 1, environments: ['testing'], tables: { Thing: { key: ['code'], rows: [] } } }\n`,
        'x/set.json': JSON.stringify({
          version: 1,
          tables: { Thing: { key: ['code'], rows: `Thing.${name}` } },
        }),
        ...file,
      })
      expect((await shop.seed('run')).failure).toBeNull()
    }
    const [, b, c, d] = stored()
    expect(b).toEqual({ code: 'b', made: 'B', ...expected, old: 1767571200000 })
    expect(c).toEqual({ code: 'c', made: 'C', ...expected })
    expect(d).toMatchObject({ code: 'd', mood: '', doc: null, whole: null, yes: null })
    expect((await shop.seed('run')).sets).toMatchObject([{ unchanged: 2, updated: 0 }])
  })

  test.each([
    ['whole', '"seven"', 'is not a whole number'],
    ['big', '9223372036854775808', 'is not within 64 bits'],
    ['yes', '"maybe"', 'is neither true nor false'],
    ['at', '"yesterday"', 'is not a date'],
    ['at', '"2026-02-31T00:00:00Z"', 'is not a valid date'],
    ['real', '"x"', 'is not a number'],
    ['bytes', '"a-b"', 'base64'],
    ['code', String.raw`"a\u0000b"`, 'NUL'],
  ])('%s does not take %s', async (field, value, why) => {
    shop.write({
      'x/set.json': JSON.stringify({ version: 1, tables: { Thing: { key: ['code'] } } }),
      'x/Thing.json': `[\n{"code":"a"},\n{"code":"b","${field}":${value}}]`.replace(
        /"code":"b","code"/,
        '"code"',
      ),
    })
    expect((await shop.seed('run')).failure).toMatchObject({
      code: 'SEEDS.ROW_INVALID',
      why: expect.stringContaining(why),
      where: { line: 3 },
    })
  })

  test('a query provides rows', async () => {
    shop.write({
      'x/set.json': JSON.stringify({ version: 1, tables: { Thing: { key: ['code'] } } }),
      'x/Thing.sql': `WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20)\nSELECT 'q' || n AS code, n AS whole FROM c;\n`,
    })
    expect((await shop.seed('run')).sets).toMatchObject([{ inserted: 20 }])
    expect((await shop.seed('run')).sets).toMatchObject([{ unchanged: 20 }])
  })
})

describe('unique keys that are not the natural one', () => {
  let shop: SqliteSeedProject
  const PLAN = `CREATE TABLE plan (code TEXT NOT NULL PRIMARY KEY, place INTEGER NOT NULL UNIQUE, label TEXT UNIQUE);`
  beforeEach(async () => {
    shop = await sqliteSeedProject(PLAN)
  })
  afterEach(() => shop.drop())
  const plans = (...rows: readonly (readonly [string, number, string | null])[]) =>
    shop.tables({
      plan: {
        key: ['code'],
        mode: 'own',
        rows: rows.map(([code, place, label]) => ({ code, place, label })),
      },
    })
  const stored = () =>
    shop.sql('SELECT code, place, label FROM plan ORDER BY code').map((row) => Object.values(row))

  test('two rows swap values, and one takes the value of a deleted row', async () => {
    plans(['a', 1, 'one'], ['b', 2, 'two'], ['c', 3, 'three'])
    await shop.seed('run')
    plans(['a', 2, 'two'], ['b', 1, 'one'], ['d', 3, 'three'])
    const said = await shop.seed('run')
    expect(said.failure).toBeNull()
    expect(said.sets).toMatchObject([{ inserted: 1, updated: 2, deleted: 1 }])
    expect(stored()).toEqual([
      ['a', 2, 'two'],
      ['b', 1, 'one'],
      ['d', 3, 'three'],
    ])
    expect((await shop.seed('run')).sets).toMatchObject([{ unchanged: 3, updated: 0 }])
  })

  test('the value of an unchanged row cannot be taken', async () => {
    plans(['a', 1, null])
    await shop.seed('run')
    shop.sql(`INSERT INTO plan VALUES ('x', 9, NULL)`)
    plans(['a', 9, null])
    expect((await shop.seed('run')).failure).toMatchObject({
      code: 'SEEDS.ROW_INVALID',
      why: 'UNIQUE constraint failed: plan.place.',
    })
    expect(stored()).toEqual([
      ['a', 1, null],
      ['x', 9, null],
    ])
  })
})

test.each(['CASCADE', 'SET NULL', 'NO ACTION'])(
  'rows that refer to each other are deleted together: ON DELETE %s',
  async (action) => {
    const shop = await sqliteSeedProject(
      `CREATE TABLE a (code TEXT NOT NULL PRIMARY KEY, up TEXT REFERENCES a (code) ON DELETE ${action}, b TEXT REFERENCES b (code) ON DELETE ${action});
CREATE TABLE b (code TEXT NOT NULL PRIMARY KEY, n INTEGER);`,
    )
    const set = (codes: readonly string[]) =>
      shop.tables({
        a: {
          key: ['code'],
          mode: 'own',
          rows: codes.map((code, at) => ({ code, up: codes[at - 1] ?? null, b: code })),
        },
        b: { key: ['code'], mode: 'own', rows: codes.map((code, n) => ({ code, n })) },
      })
    set(['1', '2', '3', '4'])
    expect((await shop.seed('run')).sets).toMatchObject([{ inserted: 8 }])
    set(['1'])
    expect((await shop.seed('run', '--dry-run')).sets).toMatchObject([{ deleted: 6 }])
    const said = await shop.seed('run')
    expect(said.failure).toBeNull()
    expect(said.sets).toMatchObject([{ deleted: 6, unchanged: 2 }])
    expect(said.sets[0]?.tables.some(({ cascaded }) => cascaded)).toBe(false)
    expect(shop.sql('SELECT code FROM a UNION ALL SELECT code FROM b')).toEqual([
      { code: '1' },
      { code: '1' },
    ])
    expect((await shop.seed('run')).sets).toMatchObject([{ deleted: 0, unchanged: 2 }])
    await shop.drop()
  },
)

test('deletions by a trigger are refused, unless the set allows them', async () => {
  const shop = await sqliteSeedProject(
    `CREATE TABLE plan (code TEXT NOT NULL PRIMARY KEY);
CREATE TABLE price (plan TEXT NOT NULL, cents INTEGER NOT NULL);
CREATE TRIGGER plan_gone AFTER DELETE ON plan BEGIN DELETE FROM price WHERE plan = old.code; END;`,
  )
  const set = (codes: readonly string[], cascade: readonly string[] = []) =>
    shop.tables({
      plan: { key: ['code'], mode: 'own', cascade, rows: codes.map((code) => ({ code })) },
    })
  set(['a', 'b'])
  await shop.seed('run')
  shop.sql(`INSERT INTO price VALUES ('b', 1), ('b', 2)`)
  set(['a'])
  expect((await shop.seed('run')).failure).toMatchObject({
    code: 'SEEDS.ROWS_REFERRED',
    message: expect.stringContaining('2 rows of other tables'),
  })
  expect(shop.sql('SELECT count(*) AS n FROM plan')).toEqual([{ n: 2 }])
  set(['a'], ['price'])
  expect((await shop.seed('run')).sets).toMatchObject([{ deleted: 1 }])
  await shop.drop()
})

test('reset and dev run the sets of the environment', async () => {
  const shop = await sqliteSeedProject('CREATE TABLE plan (code TEXT NOT NULL PRIMARY KEY);', {
    models: 'model plan {\n  code String @id\n}\n',
  })
  shop.tables({ plan: { key: ['code'], rows: [{ code: 'a' }, { code: 'b' }] } })
  const reset = await shop.slipway('reset', '--confirm', 'shop.db', '--json')
  expect(reset.exitCode, reset.stdout).toBe(0)
  expect(JSON.parse(reset.stdout).result.seeds).toMatchObject([{ name: 'base', inserted: 2 }])
  shop.sql(`DELETE FROM plan WHERE code = 'a'`)
  const dev = await shop.slipway('dev', '--json')
  expect(dev.exitCode, dev.stdout).toBe(0)
  expect(shop.sql('SELECT count(*) AS n FROM plan')).toEqual([{ n: 2 }])
  await shop.drop()
})

test('on Cloudflare, rows are changed and deleted only with consent by name', async () => {
  const shop = await sqliteSeedProject(
    'CREATE TABLE plan (code TEXT NOT NULL PRIMARY KEY, price INTEGER);',
    { on: 'remote D1' },
  )
  const set = (...rows: readonly { code: string; price: number }[]) =>
    shop.tables({ plan: { key: ['code'], mode: 'own', rows } })
  const run = async () => {
    const { exitCode, stdout } = await shop.slipway('seed', 'run', '--json')
    const { failure } = JSON.parse(stdout) as { failure: { message: string } | null }
    return { exitCode, failure }
  }
  const stored = () => shop.sql('SELECT code, price FROM plan ORDER BY code')
  const before = [
    { code: 'a', price: 1 },
    { code: 'b', price: 2 },
  ] as const
  set(...before)
  expect(await run()).toEqual({ exitCode: 0, failure: null })
  set({ code: 'a', price: 9 })
  const refused = await run()
  expect(refused.exitCode).not.toBe(0)
  expect(refused.failure?.message).toContain('1 row of plan')
  expect(stored()).toEqual(before)
  expect((await shop.seed('run')).failure).toBeNull()
  expect(stored()).toEqual([{ code: 'a', price: 9 }])
  await shop.drop()
})

test(
  'after a kill at any moment, all of a set is written, or nothing',
  { timeout: 120_000 },
  async () => {
    const shop = await sqliteSeedProject(
      'CREATE TABLE plan (code TEXT NOT NULL PRIMARY KEY, place INTEGER NOT NULL);',
    )
    const all = 15_000
    const rows = Array.from({ length: all }, (_, at) => `code ${at},${at}\n`)
    shop.write({
      'big/set.json': JSON.stringify({
        version: 1,
        tables: { plan: { key: ['code'], mode: 'own' } },
      }),
      'big/plan.csv': `code,place\n${rows.join('')}`,
    })
    const start = () =>
      startCli(['seed', 'run'], { cwd: shop.root, url: `file:${path.join(shop.root, 'shop.db')}` })
    const clear = () =>
      shop.sql('DELETE FROM plan; DELETE FROM _slipway_seed; DELETE FROM _slipway_seed_row')
    const began = performance.now()
    const whole = await start().ended
    expect(whole.code, whole.stderr).toBe(0)
    const wholeMs = performance.now() - began
    let written = 0
    for (let kill = 1; kill <= 6; kill++) {
      clear()
      const { child, ended } = start()
      await sleep((wholeMs * kill) / 6)
      child.kill('SIGKILL')
      await ended
      const [found] =
        shop.sql(`SELECT (SELECT count(*) FROM plan) AS plans, (SELECT count(*) FROM _slipway_seed_row) AS owned,
      (SELECT count(*) FROM _slipway_seed) AS sets, (SELECT count(*) FROM sqlite_schema WHERE name GLOB '_slipway_seed_[0-9c]*') AS others`)
      const isWritten = found?.['sets'] === 1
      if (isWritten) written++
      const count = isWritten ? all : 0
      expect(found).toEqual({ plans: count, owned: count, sets: isWritten ? 1 : 0, others: 0 })
    }
    clear()
    expect((await shop.seed('run')).sets).toMatchObject([{ inserted: all }])
    expect((await shop.seed('run')).sets).toMatchObject([{ unchanged: all }])
    expect(written).toBeLessThan(6)
    await shop.drop()
  },
)

test('rows cannot be copied between SQLite databases yet', async () => {
  const shop = await sqliteSeedProject('CREATE TABLE plan (code TEXT NOT NULL PRIMARY KEY);')
  const url = `file:${path.join(shop.root, 'shop.db')}`
  const said = await shop.seed('sync', '--from', url, '--tables', 'plan')
  expect(said.code).toBe('SEEDS.NOT_ON_SQLITE')
  await shop.drop()
})

test('a cascade follows the foreign key whose columns and parent it belongs to', async () => {
  const project = await sqliteSeedProject(`CREATE TABLE tenant (id INTEGER PRIMARY KEY);
CREATE TABLE team (tenant_id INTEGER NOT NULL REFERENCES tenant (id), code TEXT NOT NULL, PRIMARY KEY (tenant_id, code));
CREATE TABLE member (tenant_id INTEGER NOT NULL, team TEXT, FOREIGN KEY (tenant_id, team) REFERENCES team (tenant_id, code) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id) REFERENCES tenant (id));`)
  try {
    const teams = (...codes: string[]) =>
      project.tables({
        tenant: { key: ['id'], rows: [{ id: 1 }] },
        team: {
          key: ['tenant_id', 'code'],
          mode: 'own',
          cascade: ['member'],
          rows: codes.map((code) => ({ tenant_id: 1, code })),
        },
      })
    teams('a', 'b')
    expect(await project.seed('run')).toMatchObject({ failure: null })
    project.sql(`INSERT INTO member VALUES (1, 'a'), (1, 'b')`)
    teams('a')
    const { failure, sets } = await project.seed('run')
    expect(failure).toBe(null)
    expect(sets[0]?.tables[1]).toMatchObject({ cascaded: [{ table: 'member', deleted: 1 }] })
    expect(project.sql('SELECT team FROM member')).toEqual([{ team: 'a' }])
  } finally {
    await project.drop()
  }
})

test('verify counts one row as one', async () => {
  const project = await sqliteSeedProject('CREATE TABLE team (code TEXT PRIMARY KEY);')
  try {
    project.tables({ team: { key: ['code'], rows: [{ code: 'a' }] } })
    const { findings } = await project.seed('verify')
    expect(findings.map(({ message }) => message)).toContain(
      '1 row of team is missing (seed base).',
    )
  } finally {
    await project.drop()
  }
})
