import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import fsPromises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import fc from 'fast-check'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type CliOptions, runCli } from './cli-in-process.ts'
import { addMigration, writeProject } from './project.ts'
import { createTarget, shareImages, type TestTarget } from './target.ts'

const FULL = process.env['FULL'] === '1'
const RUNS = FULL ? 200 : 3
const PARAMETERS = { numRuns: RUNS, endOnFailure: true, ...(FULL ? {} : { seed: 20261121 }) }

const SCHEMA = `CREATE TYPE "Status" AS ENUM ('active', 'paused');
CREATE TABLE "Carrier" (
  "id" serial PRIMARY KEY, "mc_number" text NOT NULL UNIQUE, "name" text, "rating" numeric(6,2), "exact" numeric,
  "active" boolean NOT NULL DEFAULT true, "founded" date, "seen" timestamptz, "span" interval, "doc" jsonb, "raw" json,
  "tags" text[], "counts" integer[], "logo" bytea, "status" "Status" NOT NULL DEFAULT 'active', "score" double precision,
  "parentId" integer REFERENCES "Carrier"("id"), "slug" text GENERATED ALWAYS AS (lower("mc_number")) STORED
);
CREATE TABLE "Truck" (
  "id" uuid PRIMARY KEY DEFAULT gen_random_uuid(), "carrierId" integer NOT NULL REFERENCES "Carrier"("id") ON DELETE CASCADE,
  "plate" text NOT NULL, "miles" bigint, UNIQUE ("carrierId", "plate")
);
CREATE TABLE "Secret" ("code" text PRIMARY KEY, "api_key" text, "label" text);
CREATE TABLE "Tag" ("id" serial PRIMARY KEY, "label" text NOT NULL UNIQUE);
CREATE TABLE "_CarrierToTag" ("A" integer NOT NULL REFERENCES "Carrier"("id"), "B" integer NOT NULL REFERENCES "Tag"("id"), PRIMARY KEY ("A", "B"));
CREATE TABLE "Loose" ("id" serial PRIMARY KEY, "name" text);
`

const MODELS = `enum Status {
  active
  paused
}
model Carrier {
  id       Int @id @default(autoincrement())
  mcNumber String @unique @map("mc_number")
  name     String?
  rating   Decimal?
  parentId Int?
}
model Truck {
  id        String @id @default(dbgenerated("gen_random_uuid()"))
  carrierId Int
  plate     String
}
`

const NAMES = ['staging', 'development', 'testing', 'production'] as const
type Name = (typeof NAMES)[number]

let root: string
let targets: Record<Name, TestTarget>

beforeEach(async () => {
  root = writeProject([{ name: '1_init', sql: SCHEMA }], MODELS)
  writeFileSync(
    join(root, 'slipway.config.ts'),
    `export default { environments: { ${NAMES.map((name) => `${name}: { url: 'env:URL_${name}' }`).join(', ')} } }\n`,
  )
  shareImages(root)
  const made = await Promise.all(NAMES.map(async (name) => [name, await createTarget()] as const))
  targets = Object.fromEntries(made) as Record<Name, TestTarget>
  for (const name of NAMES) {
    const confirm = ['--confirm', targets[name].name]
    const run = await slipway(['deploy', '--env', name, ...confirm])
    expect(run.exitCode, run.stdout).toBe(0)
  }
})
afterEach(async () => {
  for (const name of NAMES) await targets[name].drop()
  rmSync(root, { recursive: true })
})

interface Diff {
  readonly table: string
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  readonly extra: number
  readonly rows: readonly { kind: string; key: Record<string, string>; columns: string[] }[]
}

async function slipway(args: readonly string[], options: CliOptions = {}) {
  const urls = Object.fromEntries(NAMES.map((name) => [`URL_${name}`, targets[name].url]))
  const run = await runCli([...args, '--json'], { cwd: root, env: urls, ...options })
  const { failure, result } = JSON.parse(run.stdout) as {
    failure: { code: string; message: string; why?: string } | null
    result: { tables: Diff[]; files: { state: string; rows: number }[]; recorded: string[] }
  }
  return { ...run, failure, result, code: failure?.code }
}

async function sync(from: string, to: string, ...more: string[]) {
  const tables = more.includes('--tables') ? [] : ['--tables', 'Carrier,Truck']
  return await slipway(['seed', 'sync', '--from', from, '--to', to, ...tables, ...more])
}

async function verify(name: Name) {
  return await slipway(['seed', 'verify', '--env', name])
}

const TEXTS = [
  '',
  ' ',
  'NULL',
  String.raw`\N`,
  '"',
  '""',
  ',',
  'a,b',
  'two\nlines',
  'carriage\r\nreturn',
  '\r',
  '\t',
  "it's",
  '🚚 Žluťoučký 漢字',
  '\uFEFF',
  'null',
  '{}',
  '=1+1',
  String.raw`C:\n`,
  '-',
  '\u00a0x',
]
const text = fc.oneof(
  fc.constantFrom(...TEXTS),
  fc.string({ unit: 'grapheme', maxLength: 12 }).map((one) => one.replaceAll('\0', '')),
)
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 3 })
const json = fc.constantFrom(
  'null',
  '"text"',
  '1.0',
  '12345678901234567890',
  '[1, 2.50, {"a": "}\\""}]',
  '{"b": {"__proto__": 1}, "2": 0, "1": [true, null]}',
  '{}',
  '[]',
)

const carrier = fc.record({
  mc_number: fc.constantFrom('MC-1', 'MC-2', 'mc-3', 'Mč "4"', 'MC,5', '', 'MC\n7'),
  name: optional(text),
  rating: optional(fc.constantFrom('1', '2.50', '-9999.99', '0')),
  exact: optional(fc.constantFrom('1.000', '1e30', 'NaN', '0.00000000000000000001')),
  active: fc.boolean(),
  founded: optional(fc.constantFrom('1999-12-31', '0044-03-15 BC', 'infinity', '2024-02-29')),
  seen: optional(
    fc.constantFrom('2026-01-01T00:00:00.123456Z', '-infinity', '1900-01-01 00:00+02'),
  ),
  span: optional(fc.constantFrom('-1 day +02:00:00', '1 year 2 mons', '00:00:00.000001')),
  doc: optional(json),
  raw: optional(json),
  tags: optional(fc.array(optional(text), { maxLength: 3 })),
  counts: optional(fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 3 })),
  logo: optional(fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes))),
  status: fc.constantFrom('active', 'paused'),
  score: optional(fc.constantFrom('0.1', '1e300', 'NaN', '-0', '3')),
})
const truck = fc.record({
  plate: fc.constantFrom('A', 'B', ''),
  miles: optional(fc.bigInt({ min: 0n, max: 9_007_199_254_740_995n }).map(String)),
})
const fleet = fc.record({
  start: fc.integer({ min: 1, max: 1000 }),
  carriers: fc.uniqueArray(
    fc.tuple(
      carrier,
      fc.uniqueArray(truck, { selector: ({ plate }) => plate, maxLength: 2 }),
      fc.nat(9),
    ),
    { selector: ([{ mc_number }]) => mc_number, maxLength: 7 },
  ),
})
type Fleet = typeof fleet extends fc.Arbitrary<infer T> ? T : never

async function fill({ url }: TestTarget, { start, carriers }: Fleet): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`DELETE FROM "Carrier"; ALTER SEQUENCE "Carrier_id_seq" RESTART ${start}`)
    const ids: number[] = []
    for (const [row, trucks, boss] of carriers) {
      const names = Object.keys(row).map((name) => `"${name}"`)
      const values = names.map((_, at) => `$${at + 1}`)
      const { rows } = await client.query<{ id: number }>(
        `INSERT INTO "Carrier" (${names.join(', ')}, "parentId") VALUES (${values.join(', ')}, $${names.length + 1}) RETURNING id`,
        [...Object.values(row), ids[boss] ?? null],
      )
      const id = rows[0]?.id ?? 0
      ids.push(id)
      for (const { plate, miles } of trucks)
        await client.query('INSERT INTO "Truck" ("carrierId", plate, miles) VALUES ($1, $2, $3)', [
          id,
          plate,
          miles,
        ])
    }
  } finally {
    await client.end()
  }
}

/** The content of the tables, without generated values. */
async function content(target: TestTarget) {
  return {
    carriers: await target.sql(
      `SELECT (to_jsonb(c) - 'id' - 'parentId')::text AS row, c.raw::text, p.mc_number AS parent
       FROM "Carrier" c LEFT JOIN "Carrier" p ON p.id = c."parentId" ORDER BY c.mc_number COLLATE "C"`,
    ),
    trucks: await target.sql(
      'SELECT c.mc_number, plate, miles::text FROM "Truck" t JOIN "Carrier" c ON c.id = t."carrierId" ORDER BY 1, 2',
    ),
  }
}

/** The whole content of the tables, with generated ids. */
async function everything(target: TestTarget) {
  return await target.sql(
    `SELECT c::text FROM "Carrier" c UNION ALL SELECT t::text FROM "Truck" t ORDER BY 1`,
  )
}

function files(folder = join(root, 'prisma', 'seeds')): Record<string, string> {
  if (!existsSync(folder)) return {}
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
  return Object.fromEntries(
    names
      .filter((one) => one.isFile())
      .map((one) => [one.name, readFileSync(join(one.parentPath, one.name), 'utf8')] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
}

const nothing = { inserted: 0, updated: 0, deleted: 0, extra: 0, rows: [] }

describe('three databases that drifted at random', () => {
  test('after a sync, verify finds nothing, the diff is empty, and a sync in reverse changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fleet, fleet, fleet, async (one, two, three) => {
        rmSync(join(root, 'prisma', 'seeds'), { recursive: true, force: true })
        const { staging, development, testing } = targets
        for (const { sql } of [staging, development, testing])
          await sql('DROP SCHEMA IF EXISTS slipway CASCADE')
        await fill(staging, one)
        await fill(development, two)
        await fill(testing, three)
        const before = await everything(staging)

        const set = ['--set', 'core']
        const first = await sync('staging', 'development', '--delete', '--write', ...set)
        expect(first.failure).toBe(null)
        expect(first.result.recorded).toEqual(['core'])
        expect((await sync('staging', 'testing', '--delete')).failure).toBe(null)
        expect(await content(development)).toEqual(await content(staging))
        expect(await content(testing)).toEqual(await content(staging))

        expect(await verify('development')).toMatchObject({ exitCode: 0 })
        const run = await slipway(['seed', 'run', '--env', 'testing'])
        expect(JSON.parse(run.stdout)).toMatchObject({
          result: { sets: [{ inserted: 0, updated: 0, deleted: 0 }] },
        })
        expect(await verify('testing')).toMatchObject({ exitCode: 0 })

        for (const [from, to] of [
          ['staging', 'testing'],
          ['testing', 'development'],
          ['development', 'testing'],
        ] as const) {
          const again = await sync(from, to, '--dry-run')
          expect(again.result.tables).toMatchObject([nothing, nothing])
        }
        const confirm = ['--confirm', staging.name]
        const back = await sync('development', 'staging', '--delete', ...confirm)
        expect(back.result.tables).toMatchObject([nothing, nothing])
        expect(await everything(staging)).toEqual(before)
      }),
      PARAMETERS,
    )
  }, 1_800_000)

  test.each(['csv', 'ndjson', 'json'])(
    '%s files are exported with the same bytes after seeding an empty database',
    async (form) => {
      await fc.assert(
        fc.asyncProperty(fleet, async (one) => {
          rmSync(join(root, 'prisma', 'seeds'), { recursive: true, force: true })
          const { development, testing } = targets
          await development.sql('DROP SCHEMA IF EXISTS slipway CASCADE')
          await fill(testing, one)
          await fill(development, { start: 500, carriers: [] })
          const exported = ['seed', 'export', '--tables', 'Carrier,Truck', '--as', form]
          const run = await slipway([...exported, '--env', 'testing'])
          expect(run.failure).toBe(null)
          const before = files()
          expect(Object.keys(before)).toEqual([`Carrier.${form}`, `Truck.${form}`, 'set.json'])
          const seeded = await slipway(['seed', 'run', '--env', 'development'])
          expect(seeded.failure).toBe(null)
          expect(await content(development)).toEqual(await content(testing))
          for (const name of Object.keys(before)) {
            if (name !== 'set.json') unlinkSync(join(root, 'prisma', 'seeds', 'reference', name))
          }
          rmSync(join(root, 'prisma', 'seeds'), { recursive: true })
          await slipway([...exported, '--env', 'development'])
          expect(files()).toEqual(before)
          const again = await slipway([...exported, '--env', 'testing'])
          expect(again.result.files.map(({ state }) => state)).toEqual(['unchanged', 'unchanged'])
          expect(files()).toEqual(before)
        }),
        PARAMETERS,
      )
    },
    1_800_000,
  )
})

const SECRET = 'Zanzibar-4711'

async function someRows(name: Name, shift: number): Promise<void> {
  await targets[name]
    .sql(`INSERT INTO "Carrier" (id, mc_number, name) VALUES (${shift + 1}, 'MC-1', '${SECRET}'), (${shift + 2}, 'MC-2', '${SECRET}');
    INSERT INTO "Truck" ("carrierId", plate) VALUES (${shift + 1}, 'A'), (${shift + 2}, 'A');
    SELECT setval('"Carrier_id_seq"', ${shift + 10})`)
}

describe('a sync', () => {
  test('shows keys and columns, never values, and follows references if ids differ', async () => {
    await someRows('staging', 100)
    await targets.development.sql(
      `INSERT INTO "Carrier" (mc_number, name) VALUES ('MC-2', 'Old'), (E'MC-9\\nx\\x1b[31m', '${SECRET}')`,
    )
    const before = await content(targets.development)
    const dry = await sync('staging', 'development', '--dry-run')
    expect(await content(targets.development)).toEqual(before)
    const wet = await sync('staging', 'development')
    expect(dry.result.tables).toEqual(wet.result.tables)
    expect(wet.result.tables).toEqual([
      {
        table: 'Carrier',
        inserted: 1,
        updated: 1,
        deleted: 0,
        unchanged: 0,
        extra: 1,
        rows: [
          { kind: 'insert', key: { mcNumber: 'MC-1' }, columns: [] },
          { kind: 'update', key: { mcNumber: 'MC-2' }, columns: ['name'] },
        ],
      },
      expect.objectContaining({
        inserted: 2,
        rows: [
          { kind: 'insert', key: { 'carrierId.mcNumber': 'MC-1', plate: 'A' }, columns: [] },
          { kind: 'insert', key: { 'carrierId.mcNumber': 'MC-2', plate: 'A' }, columns: [] },
        ],
      }),
    ])
    const human = await runCli(
      [
        'seed',
        'sync',
        '--from',
        'development',
        '--to',
        'testing',
        '--tables',
        'Carrier',
        '--verbose',
      ],
      {
        cwd: root,
        env: Object.fromEntries(NAMES.map((name) => [`URL_${name}`, targets[name].url])),
      },
    )
    expect(human.exitCode).toBe(0)
    expect(human.stdout).toMatch(String.raw`+ "MC-9\nx\u001b[31m"`)
    for (const { stdout, stderr } of [dry, wet, human]) expect(stdout + stderr).not.toMatch(SECRET)
  })

  test('a row in which only a self-reference changes is one updated row', async () => {
    await someRows('staging', 0)
    await sync('staging', 'development')
    await targets.staging.sql('UPDATE "Carrier" SET "parentId" = 1 WHERE id = 2')
    const { result } = await sync('staging', 'development')
    expect(result.tables[0]).toMatchObject({
      updated: 1,
      rows: [{ key: { mcNumber: 'MC-2' }, columns: ['parentId'] }],
    })
    expect(await content(targets.development)).toEqual(await content(targets.staging))
  })

  test('a table with only references has them as its key', async () => {
    await someRows('staging', 100)
    await targets.staging.sql(
      `INSERT INTO "Tag" VALUES (7, 'big'); INSERT INTO "_CarrierToTag" SELECT id, 7 FROM "Carrier"`,
    )
    await targets.development.sql(`INSERT INTO "Tag" (label) VALUES ('small')`)
    const { failure, result } = await sync(
      'staging',
      'development',
      '--tables',
      '_CarrierToTag,Tag,Carrier',
    )
    expect(failure).toBe(null)
    expect(result.tables.map(({ table }) => table).at(-1)).toBe('_CarrierToTag')
    expect(
      await targets.development.sql(
        'SELECT c.mc_number, t.label FROM "_CarrierToTag" j JOIN "Carrier" c ON c.id = j."A" JOIN "Tag" t ON t.id = j."B" ORDER BY 1',
      ),
    ).toEqual([
      { mc_number: 'MC-1', label: 'big' },
      { mc_number: 'MC-2', label: 'big' },
    ])
    const keyless = await sync(
      'staging',
      'development',
      '--tables',
      '_CarrierToTag',
      '--omit',
      'Tag.label',
    )
    expect(keyless.code).toBe('SEEDS.KEY_UNKNOWN')
  })

  test('deletes only with --delete, and never referenced rows', async () => {
    await someRows('development', 0)
    await targets.staging.sql(`INSERT INTO "Carrier" (mc_number) VALUES ('MC-1')`)
    const kept = await sync('staging', 'development', '--tables', 'Carrier')
    expect(kept.result.tables[0]).toMatchObject({ deleted: 0, extra: 1 })
    const refused = await sync('staging', 'development', '--tables', 'Carrier', '--delete')
    expect(refused).toMatchObject({ exitCode: 2, code: 'SEEDS.ROWS_REFERRED' })
    const gone = await sync('staging', 'development', '--delete')
    expect(gone.result.tables).toMatchObject([{ deleted: 1 }, { deleted: 2 }])
    expect(gone.result.tables[1]?.rows[0]).toMatchObject({
      kind: 'delete',
      key: { 'carrierId.mcNumber': 'MC-1', plate: 'A' },
    })
    expect(await content(targets.development)).toEqual(await content(targets.staging))
  })

  test('writes into production only with its name, even if rows are only added', async () => {
    await someRows('staging', 0)
    const before = await everything(targets.production)
    for (const flags of [[], ['-y'], ['--confirm', targets.staging.name]]) {
      const refused = await sync('staging', 'production', ...flags)
      expect(refused.exitCode).toBe(2)
      expect(refused.code).toBe('APP.CONSENT_NEEDED')
      expect(await everything(targets.production)).toEqual(before)
    }
    expect((await sync('staging', 'production', '--dry-run')).exitCode).toBe(0)
    expect(await everything(targets.production)).toEqual(before)
    const confirm = ['--confirm', targets.production.name]
    expect((await sync('staging', 'production', ...confirm)).exitCode).toBe(0)
    expect(await content(targets.production)).toEqual(await content(targets.staging))
    await targets.staging.sql(`UPDATE "Carrier" SET name = 'other'`)
    expect(await sync('staging', 'production')).toMatchObject({ code: 'DEPLOY.CONSENT_NEEDED' })
  })

  test('refuses a sensitive column by its name, and does not change an omitted one', async () => {
    await targets.staging.sql(`INSERT INTO "Secret" VALUES ('a', '${SECRET}', 'x')`)
    const tables = ['--tables', 'Secret']
    const flag = await sync('staging', 'development', ...tables, '--sensitive', 'Secret.api_key')
    expect(flag).toMatchObject({ exitCode: 2, code: 'SEEDS.SENSITIVE' })
    expect(flag.failure?.message).toMatch('Secret.api_key')
    const folder = join(root, 'prisma', 'seeds', 'vault')
    mkdirSync(folder, { recursive: true })
    const table = { key: ['code'], sensitive: ['api_key'] }
    writeFileSync(
      join(folder, 'set.json'),
      JSON.stringify({ version: 1, tables: { Secret: table } }),
    )
    writeFileSync(join(folder, 'Secret.csv'), 'code,label\n')
    const marked = await sync('staging', 'development', ...tables)
    expect(marked).toMatchObject({ code: 'SEEDS.SENSITIVE' })
    const exported = await slipway(['seed', 'export', '--env', 'staging', ...tables])
    expect(exported).toMatchObject({ code: 'SEEDS.SENSITIVE' })
    const omitted = await sync('staging', 'development', ...tables, '--omit', 'Secret.api_key')
    expect(omitted.exitCode).toBe(0)
    expect(await targets.development.sql('SELECT * FROM "Secret"')).toEqual([
      { code: 'a', api_key: null, label: 'x' },
    ])
    const printed = [flag, marked, exported, omitted].map(({ stdout, stderr }) => stdout + stderr)
    expect(printed.join('')).not.toMatch(SECRET)
  })

  test('names tables and columns that it cannot compare', async () => {
    const code = async (...args: string[]) =>
      (await sync('staging', 'development', '--tables', ...args)).code
    expect(await code('Loose')).toBe('SEEDS.KEY_UNKNOWN')
    expect(await code('Loose', '--key', 'Loose=nam')).toBe('SEEDS.KEY_UNKNOWN')
    expect(await code('Lose')).toBe('SEEDS.TABLE_MISSING')
    expect(await code('Carrier', '--omit', 'Carrier.nam')).toBe('SEEDS.COLUMN_UNKNOWN')
    expect((await sync('staging', targets.staging.url)).code).toBe('SEEDS.SAME_DATABASE')
    await targets.staging.sql(
      'ALTER TABLE "Loose" ADD CONSTRAINT u UNIQUE (name); ALTER TABLE "Secret" ADD extra text',
    )
    const differ = await sync('staging', 'development', '--tables', 'Secret')
    expect(differ).toMatchObject({ exitCode: 2, code: 'SEEDS.SCHEMAS_DIFFER' })
    expect(differ.failure?.message).toMatch('extra only on staging')
    await targets.staging.sql('ALTER TABLE "Carrier" DROP COLUMN raw')
    expect((await sync('staging', 'development')).failure?.message).toMatch(
      'raw only on development',
    )
  })

  test('names the migrations that one side lacks', async () => {
    addMigration(root, { name: '2_note', sql: 'ALTER TABLE "Secret" ADD COLUMN "note" text;' })
    await slipway(['deploy', '--env', 'development'])
    const { code, failure } = await sync('staging', 'development', '--tables', 'Secret')
    expect(code).toBe('SEEDS.SCHEMAS_DIFFER')
    expect(failure).toMatchObject({
      message: 'Secret is not the same on staging and development: note only on development.',
      why: 'Migrations are pending on staging: 2_note.',
    })
    // Tables that are equal on both sides do not matter.
    expect((await sync('staging', 'development')).exitCode).toBe(0)
  })

  test('accepts connection strings, and prints no password', async () => {
    await someRows('staging', 0)
    const run = await sync(targets.staging.url, targets.development.url)
    expect(run.exitCode).toBe(0)
    const password = new URL(targets.staging.url).password
    if (password !== '') expect(run.stdout + run.stderr).not.toContain(password)
    expect(await content(targets.development)).toEqual(await content(targets.staging))
    const both = await sync('staging', 'testing', '--url', targets.development.url)
    expect(both.code).toBe('CLI.FLAG_CONFLICT')
  })

  test('a failure rolls everything back, including files', async () => {
    await someRows('staging', 0)
    await targets.development.sql(`ALTER TABLE "Truck" ADD CONSTRAINT c CHECK (plate <> 'A')`)
    const run = await sync('staging', 'development', '--write', '--set', 'core')
    expect(run).toMatchObject({ exitCode: 2, code: 'SEEDS.ROW_INVALID' })
    expect(await everything(targets.development)).toEqual([])
    expect(files()).toEqual({})
    expect(existsSync(join(root, 'prisma', 'seeds'))).toBe(false)
  })
})

describe('data files', () => {
  test('a dry run writes none', async () => {
    await someRows('staging', 0)
    const run = await slipway([
      'seed',
      'export',
      '--env',
      'staging',
      '--tables',
      'Carrier',
      '--dry-run',
    ])
    expect(run.result.files).toMatchObject([{ state: 'new', rows: 2 }])
    expect(existsSync(join(root, 'prisma', 'seeds'))).toBe(false)
  })

  /** A set that already exists, at version 3. */
  function writeCoreSet(): void {
    const folder = join(root, 'prisma', 'seeds', 'core')
    mkdirSync(folder, { recursive: true })
    writeFileSync(
      join(folder, 'set.json'),
      '{"version": 3, "environments": ["development"], "tables": {"Carrier": {"key": ["mcNumber"]}}}',
    )
    writeFileSync(join(folder, 'Carrier.csv'), 'name,mcNumber\nOld,MC-1\n')
  }

  test('a file keeps its fields and their order, and its set gets the next version', async () => {
    await someRows('staging', 0)
    writeCoreSet()
    const run = await sync('staging', 'development', '--write', '--tables', 'Carrier')
    expect(run.result.recorded).toEqual(['core'])
    expect(files()['Carrier.csv']).toBe(`name,mcNumber\n${SECRET},MC-1\n${SECRET},MC-2\n`)
    expect(JSON.parse(files()['set.json'] ?? '')).toMatchObject({
      version: 4,
      environments: ['development'],
    })
    const again = await sync('staging', 'development', '--write', '--tables', 'Carrier')
    expect(again.result.files).toMatchObject([{ state: 'unchanged' }])
    expect(JSON.parse(files()['set.json'] ?? '')).toMatchObject({ version: 4 })
  })

  test('a failure after the commit shows the copied rows', async () => {
    await someRows('staging', 0)
    writeCoreSet()
    const { rename } = fsPromises
    onTestFinished(() => {
      fsPromises.rename = rename
      syncBuiltinESMExports()
    })
    fsPromises.rename = () => Promise.reject(new Error('EACCES: permission denied'))
    syncBuiltinESMExports()
    const unwritten = await sync('staging', 'development', '--write', '--tables', 'Carrier')
    expect(unwritten).toMatchObject({
      exitCode: 2,
      code: 'SEEDS.FILE_NOT_WRITTEN',
      result: { tables: [{ inserted: 2 }], files: [], recorded: [] },
    })
    fsPromises.rename = rename
    syncBuiltinESMExports()
    await targets.development.sql(`DELETE FROM "Carrier";
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON slipway.seed FOR EACH STATEMENT EXECUTE FUNCTION refuse()`)
    const unrecorded = await sync('staging', 'development', '--write', '--tables', 'Carrier')
    expect(unrecorded.exitCode).not.toBe(0)
    expect(unrecorded.result).toMatchObject({
      tables: [{ inserted: 2 }],
      files: [{ state: 'changed', rows: 2 }],
      recorded: [],
    })
  })

  test('a set that owns its rows owns those that a sync inserts for it, and no others', async () => {
    await someRows('staging', 0)
    await targets.development.sql(`INSERT INTO "Carrier" ("mc_number") VALUES ('MC-2'), ('MC-9')`)
    const folder = join(root, 'prisma', 'seeds', 'core')
    mkdirSync(folder, { recursive: true })
    const set = (version: number) =>
      `{"version": ${version}, "environments": ["development"], "tables": {"Carrier": {"key": ["mcNumber"], "mode": "own"}}}`
    writeFileSync(join(folder, 'set.json'), set(1))
    writeFileSync(join(folder, 'Carrier.csv'), 'mcNumber\n')
    const synced = await sync('staging', 'development', '--write', '--tables', 'Carrier')
    expect(synced.result).toMatchObject({ recorded: ['core'], tables: [{ inserted: 1 }] })
    const numbers = async () =>
      (await targets.development.sql('SELECT "mc_number" FROM "Carrier" ORDER BY 1')).map(
        (row) => row['mc_number'],
      )
    expect(await numbers()).toEqual(['MC-1', 'MC-2', 'MC-9'])
    writeFileSync(join(folder, 'Carrier.csv'), 'mcNumber\n')
    writeFileSync(join(folder, 'set.json'), set(3))
    const run = await slipway(['seed', 'run', '--env', 'development'])
    expect(run.exitCode, run.stdout).toBe(0)
    expect(await numbers()).toEqual(['MC-2', 'MC-9'])
  })

  test('a set in code is not changed, and the report says why', async () => {
    await someRows('staging', 0)
    const folder = join(root, 'prisma', 'seeds')
    mkdirSync(folder, { recursive: true })
    const file = join(folder, 'core.ts')
    writeFileSync(
      file,
      `export default { version: 1, tables: { Carrier: { key: ['mcNumber'], rows: [] } } }\n`,
    )
    const run = await sync('staging', 'development', '--write', '--tables', 'Carrier')
    expect(run.exitCode).toBe(0)
    expect(run.result).toMatchObject({
      files: [],
      notes: [expect.stringContaining('generated by code')],
    })
    const refused = await slipway(['seed', 'export', '--env', 'staging', '--tables', 'Carrier'])
    expect(refused).toMatchObject({ exitCode: 2, code: 'SEEDS.NOT_DATA' })
  })
})
