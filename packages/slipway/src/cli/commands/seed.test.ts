import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { runCli } from '../../../test/cli-in-process.ts'
import { addMigration, writeProject } from '../../../test/project.ts'
import { createTarget, shareImages, type TestTarget } from '../../../test/target.ts'

const INIT = {
  name: '1_init',
  sql: `CREATE TYPE "Size" AS ENUM ('S', 'L');
    CREATE TABLE plan (id serial PRIMARY KEY, code text NOT NULL UNIQUE, price numeric(8,2), size "Size", tags text[], about json,
      next_id integer REFERENCES plan (id));
    CREATE TABLE team (id uuid PRIMARY KEY, slug varchar(20) NOT NULL UNIQUE, plan_id integer NOT NULL REFERENCES plan (id),
      "updatedAt" timestamptz NOT NULL);
    CREATE TABLE member (team_id uuid NOT NULL REFERENCES team (id), email text NOT NULL, PRIMARY KEY (team_id, email));
    CREATE TABLE loose (name text);`,
}

const MODELS = `model Team {
  id        String   @id @default(uuid()) @db.Uuid
  slug      String   @unique @db.VarChar(20)
  planId    Int      @map("plan_id")
  updatedAt DateTime @updatedAt

  @@map("team")
}
`

let root: string
let target: TestTarget

beforeEach(async () => {
  marks = 0
  target = await createTarget()
  root = writeProject([INIT], MODELS)
  shareImages(root)
  await runCli(['deploy', '--url', target.url], { cwd: root })
  return async () => {
    await target.drop()
  }
})

afterEach(() => {
  rmSync(root, { recursive: true })
})

/** Writes files below `prisma/seeds`, by relative path. */
function seeds(files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(root, 'prisma/seeds', name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
}

/** Writes a seed set with one table in a CSV file. */
function plans(csv: string | Uint8Array, set: Record<string, unknown> = {}): void {
  const tables = { plan: { key: ['code'], ...set } }
  seeds({ 'base/set.json': JSON.stringify({ version: 1, tables }), 'base/plan.csv': csv })
}

interface TableWrites {
  readonly relname: string
  readonly ins: string
  readonly upd: string
  readonly del: string
}

let marks = 0

/**
 * The total writes to each table, from the server's statistics. These are delayed, so it inserts a marker row
 * into a table that no seed uses, and waits until that row is counted.
 */
async function writes(): Promise<readonly TableWrites[]> {
  await target.sql(`INSERT INTO loose VALUES ('mark')`)
  marks++
  return await vi.waitFor(
    async () => {
      const rows = (await target.sql(
        `SELECT relname, n_tup_ins AS ins, n_tup_upd AS upd, n_tup_del AS del FROM pg_stat_user_tables
         WHERE schemaname IN ('public', 'slipway') ORDER BY 1`,
      )) as unknown as TableWrites[]
      expect(rows.find(({ relname }) => relname === 'loose')?.ins).toBe(String(marks))
      return rows.filter(({ relname }) => relname !== 'loose')
    },
    { timeout: 20_000, interval: 100 },
  )
}

interface Said {
  readonly exitCode: number
  readonly sets: readonly {
    readonly name: string
    readonly status: string
    readonly inserted: number
    readonly updated: number
    readonly deleted: number
    readonly unchanged: number
  }[]
  readonly failure: {
    code: string
    message: string
    why?: string
    where?: { line?: number }
  } | null
  readonly findings: readonly { readonly id: string }[]
  readonly stdout: string
}

async function seed(...args: readonly string[]): Promise<Said> {
  const argv = ['seed', ...args, '--url', target.url, '--json']
  const { exitCode, stdout } = await runCli(argv, { cwd: root })
  const { result, failure, findings } = JSON.parse(stdout) as {
    result: { sets?: Said['sets'] } | null
    failure: Said['failure']
    findings: Said['findings']
  }
  return { exitCode, sets: result?.sets ?? [], failure, findings, stdout }
}

async function refused(code: string): Promise<Said> {
  const before = await target.sql('SELECT count(*) FROM plan')
  const said = await seed('run')
  expect(said.failure?.code, said.stdout).toBe(code)
  expect(await target.sql('SELECT count(*) FROM plan')).toEqual(before)
  expect(
    await target.sql(
      `SELECT to_regclass('slipway.seed') IS NULL OR NOT EXISTS (SELECT FROM pg_class WHERE relname = 'seed' AND reltuples > 0) AS ok`,
    ),
  ).toEqual([{ ok: true }])
  return said
}

const TEAMS = `import { defineSeed } from 'slipway'
import { teams } from './_teams.ts'

export default defineSeed<{ plan: object; Team: object; member: object }>({
  version: 1,
  tables: {
    member: { key: ['team_id', 'email'], mode: 'own', rows: [
      { team_id: { slug: 'a' }, email: 'x@a' }, { team_id: { slug: 'a' }, email: 'y@a' } ] },
    Team: { key: ['slug'], rows: teams },
    plan: { key: ['code'], rows: [
      { code: 'free', price: 0, size: 'S', tags: ['a, b', 'c"d', null], about: { a: [1, 'ü'] }, next_id: { code: 'pro' } },
      { code: 'pro', price: '12.50', size: 'L', tags: [], about: null, next_id: null } ] },
  },
})
`
const HELPER = `export async function* teams() {
  yield { slug: 'a', planId: { code: 'pro' } }
  yield { slug: 'b', planId: { code: 'free' } }
}
`

test('code, references by natural key, client-generated ids, a cycle: written once, then nothing to write', async () => {
  seeds({ 'teams.ts': TEAMS, '_teams.ts': HELPER })
  const dry = await seed('run', '--dry-run')
  expect(dry.sets).toMatchObject([{ name: 'teams', status: 'planned', inserted: 6, updated: 0 }])
  expect(await target.sql('SELECT FROM plan')).toEqual([])

  const first = await seed('run')
  expect(first.sets, first.stdout).toMatchObject([{ status: 'done', inserted: 6, unchanged: 0 }])
  expect(
    await target.sql(
      `SELECT p.code, p.price, p.tags, p.about::text, n.code AS next FROM plan p LEFT JOIN plan n ON n.id = p.next_id ORDER BY 1`,
    ),
  ).toEqual([
    {
      code: 'free',
      price: '0.00',
      tags: ['a, b', 'c"d', null],
      about: '{"a":[1,"ü"]}',
      next: 'pro',
    },
    { code: 'pro', price: '12.50', tags: [], about: null, next: null },
  ])
  const ids = await target.sql('SELECT id::text FROM team ORDER BY slug')
  const before = await writes()
  const second = await seed('run')
  expect(second.sets).toMatchObject([{ inserted: 0, updated: 0, deleted: 0, unchanged: 6 }])
  expect(await writes()).toEqual(before)
  expect(await seed('verify')).toMatchObject({ exitCode: 0, findings: [] })

  // Ids are deterministic: another database gets the same ones.
  await target.sql(
    'TRUNCATE plan, team, member CASCADE; DELETE FROM slipway.seed; DELETE FROM slipway.seed_row',
  )
  await seed('run')
  expect(await target.sql('SELECT id::text FROM team ORDER BY slug')).toEqual(ids)
})

test('only rows that a set owned and no longer has are deleted; drift is found and corrected', async () => {
  seeds({ 'teams.ts': TEAMS, '_teams.ts': HELPER })
  await seed('run')
  await target.sql(`INSERT INTO member SELECT id, 'own@b' FROM team WHERE slug = 'b'; UPDATE plan SET price = 1 WHERE code = 'pro';
    DELETE FROM member WHERE email = 'x@a'`)
  const found = await seed('verify')
  expect(found).toMatchObject({
    exitCode: 4,
    findings: [{ id: 'seed-missing' }, { id: 'seed-different' }].toReversed(),
  })
  expect(found.stdout).not.toContain('12.5')

  seeds({
    'teams.ts': TEAMS.replace(`, { team_id: { slug: 'a' }, email: 'y@a' }`, '').replace(
      'version: 1',
      'version: 2',
    ),
  })
  const dry = await seed('run', '--dry-run')
  expect(dry.sets, dry.stdout).toMatchObject([
    {
      updated: 1,
      tables: [
        {
          table: 'member',
          rows: [
            { kind: 'insert', key: { email: 'x@a' } },
            { kind: 'delete', key: { email: 'y@a' } },
          ],
        },
        { table: 'Team', rows: [] },
        { table: 'plan', rows: [{ kind: 'update', key: { code: 'pro' }, columns: ['price'] }] },
      ],
    },
  ])
  const again = await seed('run')
  expect(again.sets).toMatchObject([{ inserted: 1, updated: 1, deleted: 1, unchanged: 3 }])
  expect(await target.sql('SELECT email FROM member ORDER BY 1')).toEqual([
    { email: 'own@b' },
    { email: 'x@a' },
  ])
  expect(await seed('verify')).toMatchObject({ exitCode: 0 })
})

test('insert-missing leaves existing rows unchanged', async () => {
  await target.sql(`INSERT INTO plan (code, price) VALUES ('free', 9)`)
  plans('code,price\nfree,0\npro,5\n', { mode: 'insert-missing' })
  expect((await seed('run')).sets).toMatchObject([{ inserted: 1, updated: 0, unchanged: 1 }])
  expect(await target.sql(`SELECT price FROM plan WHERE code = 'free'`)).toEqual([
    { price: '9.00' },
  ])
  expect(await seed('verify')).toMatchObject({ exitCode: 0 })
})

test('a reference to a missing row is found, even if the other table has a dot in its name', async () => {
  plans('code\nfree\n')
  await seed('run')
  await target.sql(`CREATE TABLE "plan.group" (id integer PRIMARY KEY);
    ALTER TABLE plan ADD group_id integer DEFAULT 9;
    ALTER TABLE plan ADD FOREIGN KEY (group_id) REFERENCES "plan.group" NOT VALID`)
  const message = '1 row of plan refers by group_id to rows of plan.group that do not exist.'
  expect(await seed('verify')).toMatchObject({
    exitCode: 4,
    findings: [{ id: 'seed-orphan', message }],
  })
})

test('sequences continue after the ids of the rows', async () => {
  plans('id,code\n7,a\n12,b\n')
  await seed('run')
  expect(await target.sql(`INSERT INTO plan (code) VALUES ('c') RETURNING id`)).toEqual([
    { id: 13 },
  ])
})

test.each([
  ['json', '[{"code":"a","price":1},{"code":"b","price":null}]'],
  ['ndjson', '{"code":"a","price":1}\n\n{"code":"b","price":null}\n'],
  ['sql', "-- rows\nSELECT code, price FROM (VALUES ('a', 1), ('b', NULL)) AS v (code, price);\n"],
  ['csv', '\uFEFFcode,price\r\na,1\r\n"b",\r\n'],
])('rows from %s', async (ending, content) => {
  seeds({
    'base/set.json': JSON.stringify({ version: 1, tables: { plan: { key: ['code'] } } }),
    [`base/plan.${ending}`]: content,
  })
  const { sets, stdout } = await seed('run')
  expect(sets, stdout).toMatchObject([{ inserted: 2 }])
  expect(await target.sql('SELECT code, price FROM plan ORDER BY 1')).toEqual([
    { code: 'a', price: '1.00' },
    { code: 'b', price: null },
  ])
})

test('an empty cell is NULL, a quoted empty cell is an empty string; line breaks in a cell stay', async () => {
  plans('code,about\n"",\n"a\r\n\\b\t",""\n'.replace(',""', ',"""x"""'))
  await seed('run')
  expect(await target.sql('SELECT code, about::text FROM plan ORDER BY 1')).toEqual([
    { code: '', about: null },
    { code: 'a\r\n\\b\t', about: '"x"' },
  ])
})

describe('invalid data is refused with its position, and nothing is written', () => {
  test.each<[string, string | Uint8Array, string, number | undefined, RegExp]>([
    [
      'two rows with the same key',
      'code,price\na,1\nb,2\na,3\n',
      'SEEDS.DUPLICATE_KEY',
      4,
      /line 2 and line 4/,
    ],
    [
      'a value of another type',
      'code,price\na,1\n"b\nc",secret-value\n',
      'SEEDS.ROW_INVALID',
      4,
      /^price at line/,
    ],
    ['an open quote', 'code,price\na,1\n"b,2\n', 'SEEDS.FILE_INVALID', 3, /plan\.csv/],
    ['a quote inside a cell', 'code,price\na"b,2\n', 'SEEDS.FILE_INVALID', 2, /plan\.csv/],
    ['too many cells', 'code,price\na,1\nb,2,3\n', 'SEEDS.FILE_INVALID', 3, /line 3/],
    [
      'another encoding',
      new Uint8Array([99, 111, 100, 101, 10, 252, 10]),
      'SEEDS.FILE_INVALID',
      undefined,
      /plan\.csv/,
    ],
    ['an unknown column', 'code,prize\na,1\n', 'SEEDS.COLUMN_UNKNOWN', undefined, /prize/],
    [
      'a reference to a missing row',
      'code,next_id.code\na,z\n',
      'SEEDS.REFERENCE_MISSING',
      2,
      /next_id/,
    ],
    ['no key', 'code,price\na,1\n,2\n', 'SEEDS.ROW_INVALID', 3, /natural key/],
    ['an unknown enum label', 'code,size\na,XL\n', 'SEEDS.ROW_INVALID', 2, /size at line 2/],
    ['too many digits', 'code,price\na,1234567.00\n', 'SEEDS.ROW_INVALID', 2, /price|fit/],
  ])('%s', async (_name, csv, code, line, message) => {
    plans(csv)
    const { failure, stdout, exitCode } = await refused(code)
    expect(exitCode).toBe(2)
    expect(failure?.message).toMatch(message)
    expect(failure?.where?.line).toBe(line)
    expect(stdout).not.toMatch(/secret-value/)
  })

  test('a key without a unique index, with the index that it needs', async () => {
    const tables = { loose: { key: ['name'], rows: 'loose.csv' } }
    seeds({
      'base/set.json': JSON.stringify({ version: 1, tables }),
      'base/loose.csv': 'name\na\n',
    })
    const { stdout } = await refused('SEEDS.KEY_NOT_UNIQUE')
    expect(stdout).toContain('CREATE UNIQUE INDEX')
  })

  test('a pending migration', async () => {
    plans('code\na\n')
    addMigration(root, { name: '2_later', sql: 'CREATE TABLE later (id integer PRIMARY KEY)' })
    expect((await refused('SEEDS.MIGRATIONS_PENDING')).stdout).toContain('2_later')
  })

  test('an unknown table, an unknown set, a cycle of sets, two sets for one table', async () => {
    const set = (more: object) => JSON.stringify({ version: 1, ...more })
    const plan = { tables: { plan: { key: ['code'], rows: '../plan.csv' } } }
    seeds({
      'plan.csv': 'code\na\n',
      'a/set.json': set({ tables: { plna: { key: ['code'], rows: '../plan.csv' } } }),
    })
    expect((await refused('SEEDS.TABLE_MISSING')).stdout).toContain('plan')
    seeds({ 'a/set.json': set({ ...plan, dependsOn: ['b'] }) })
    await refused('SEEDS.SET_UNKNOWN')
    seeds({
      'b/set.json': set({
        tables: { loose: { key: ['name'], rows: '../plan.csv' } },
        dependsOn: ['a'],
      }),
    })
    await refused('SEEDS.CYCLE')
    seeds({ 'a/set.json': set(plan), 'b/set.json': set(plan) })
    await refused('SEEDS.TABLE_OWNED')
    seeds({ 'a/set.json': '{ "version": 0 }', 'b/set.json': '[' })
    await refused('SEEDS.SET_INVALID')
  })

  const TABLES = '"tables": { "plan": { "key": ["code"], "rows": [{ "code": "s3cret" }] } }'

  test.each([
    ['set.json', '', 'It is empty.'],
    ['set.json', `{ "version": 1, ${TABLES}`, 'It is not valid JSON'],
    ['set.json', `[{ "version": 1, ${TABLES} }]`, 'It must be an object.'],
    ['set.json', `{ "version": 1e10, ${TABLES} }`, 'version must be a whole number from 1'],
    ['set.json', `{ "version": 1, "verson": 1, ${TABLES} }`, 'It has an unknown key: verson.'],
    ['set.json', `{ "version": 1, "__proto__": {}, ${TABLES} }`, 'unknown key: __proto__.'],
    ['set.json', '{ "version": 1, "tables": { "plan": {} } }', 'tables.plan.key must be a list'],
    ['set.json', '{ "version": 1, "tables": { "__proto__": [] } }', 'tables.__proto__ must be'],
    ['set.ts', 'export default { version: 1, tables: { plan: undefined } }', 'tables.plan must be'],
    ['set.ts', `export default { version: () => 1, ${TABLES} }`, 'version must be a whole number'],
    [
      'set.ts',
      "export default { version: 1, tables: { plan: { key: ['code'], rows: { code: 's3cret' } } } }",
      'tables.plan.rows must be a list or a string.',
    ],
  ])('a %s that holds %s', async (name, text, why) => {
    seeds({ [`a/${name}`]: text })
    const { stdout } = await refused('SEEDS.SET_INVALID')
    expect(JSON.parse(stdout)).toMatchObject({ failure: { why: expect.stringContaining(why) } })
    expect(stdout).not.toContain('s3cret')
  })
})

test('versions: an edit without a new version is reported, a newer database is refused', async () => {
  plans('code\na\n')
  await seed('run')
  plans('code\na\nb\n')
  expect((await seed('status')).sets).toMatchObject([{ status: 'edited' }])
  expect(await seed('run')).toMatchObject({ exitCode: 0, findings: [{ id: 'seed-edited' }] })
  await target.sql('UPDATE slipway.seed SET version = 5')
  expect((await seed('status')).sets).toMatchObject([{ status: 'newer' }])
  expect(await seed('run')).toMatchObject({
    exitCode: 4,
    failure: { code: 'SEEDS.NEWER_DATABASE' },
  })
})

test('environments: `none` seeds nothing, and a protected one needs consent before rows change', async () => {
  plans('code,price\na,1\n')
  writeFileSync(
    path.join(root, 'slipway.config.ts'),
    `export default { environments: { staging: { url: '${target.url}', seeds: 'none' }, production: { url: '${target.url}', seeds: 'base' } } }\n`,
  )
  const run = async (...args: readonly string[]) => {
    const { stdout, exitCode } = await runCli(['seed', 'run', ...args, '--json'], { cwd: root })
    const { failure } = JSON.parse(stdout) as { failure: { code: string } | null }
    return { exitCode, code: failure?.code }
  }
  expect(await run('--env', 'staging', '--set', 'base')).toEqual({
    exitCode: 2,
    code: 'SEEDS.NOT_HERE',
  })
  expect(await run('--env', 'staging')).toMatchObject({ exitCode: 0 })
  expect(await target.sql('SELECT FROM plan')).toEqual([])
  expect(await run('--env', 'production')).toMatchObject({ exitCode: 0 })
  plans('code,price\na,2\n')
  expect(await run('--env', 'production')).toMatchObject({
    exitCode: 2,
    code: 'DEPLOY.CONSENT_NEEDED',
  })
  expect(await target.sql('SELECT price FROM plan')).toEqual([{ price: '1.00' }])
  expect(await run('--env', 'production', '--confirm', target.name)).toMatchObject({ exitCode: 0 })
  expect(await target.sql('SELECT price FROM plan')).toEqual([{ price: '2.00' }])
})
