import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openProject } from '../src/app/index.ts'
import { seedProject, type SeedProject } from './seed-project.ts'

// The keys, modes and names of a set, and what they mean for the rows of the database.

const SQL = `CREATE EXTENSION citext;
CREATE TABLE person (email citext PRIMARY KEY, name text);
CREATE TABLE amount (value numeric PRIMARY KEY);
CREATE TABLE plan (id serial PRIMARY KEY, code text NOT NULL UNIQUE, name text, api_key text UNIQUE, touched_at timestamptz);
CREATE TABLE plan_user (plan_id integer PRIMARY KEY REFERENCES plan (id), name text);
`
const MODELS = `model Plan {
  id        Int       @id @default(autoincrement())
  code      String    @unique
  name      String?
  apiKey    String?   @unique @map("api_key")
  touchedAt DateTime? @updatedAt @map("touched_at")

  @@map("plan")
}
`

let project: SeedProject
beforeEach(async () => {
  project = await seedProject(SQL, MODELS)
})
afterEach(async () => project.drop())

describe('keys that are equal with a different text', () => {
  test.each([
    ['person', 'email', 'Ann@a.example', 'ann@A.example'],
    ['amount', 'value', '1.0', '1.00'],
  ])('%s.%s: the row remains and is still owned', async (table, key, before, after) => {
    const set = (values: readonly string[]) =>
      project.tables({
        [table]: { key: [key], mode: 'own', rows: values.map((one) => ({ [key]: one })) },
      })
    set([before])
    await project.seed('run')
    set([after])
    const tried = await project.seed('run', '--dry-run')
    expect(tried.sets).toMatchObject([{ deleted: 0, unchanged: 1 }])
    expect(tried.sets[0]?.tables[0]?.rows).toEqual([])
    expect((await project.seed('run')).sets).toMatchObject([{ deleted: 0, unchanged: 1 }])
    expect(await project.target.sql(`SELECT count(*)::int AS rows FROM ${table}`)).toEqual([
      { rows: 1 },
    ])
    set([])
    expect((await project.seed('run')).sets).toMatchObject([{ deleted: 1 }])
  })
})

test.each([
  ['by column', 'apiKey', ['api_key']],
  ['by field', 'api_key', ['apiKey']],
])('a sensitive key is not shown, whatever its name is: %s', async (_name, field, sensitive) => {
  const rows = [{ code: 'x', apiKey: 'zanzibar' }]
  const plans = (plan: object, users: object) =>
    project.tables({
      Plan: { mode: 'own', sensitive, ...plan },
      plan_user: { mode: 'own', ...users },
    })
  plans({ key: [field], rows }, { key: ['plan_id'], rows: [{ plan_id: { apiKey: 'zanzibar' } }] })
  const shown = [await project.seed('run', '--dry-run'), await project.seed('run')]
  plans({ key: [field], rows: [] }, { key: ['plan_id'], rows: [] })
  shown.push(await project.seed('run', '--dry-run'))
  for (const { exitCode, stdout } of shown) {
    expect(exitCode, stdout).toBe(0)
    expect(stdout).not.toContain('zanzibar')
  }
})

test('a dry run shows keys by the fields of the rows', async () => {
  project.tables({ Plan: { key: ['api_key'], rows: [{ code: 'x', apiKey: 'k' }] } })
  const { sets } = await project.seed('run', '--dry-run')
  expect(sets[0]?.tables[0]?.rows).toEqual([{ kind: 'insert', key: { apiKey: 'k' }, columns: [] }])
})

test('a set that changes its mode to upsert makes existing rows equal, although its rows are the same', async () => {
  await project.target.sql(`INSERT INTO plan (code, name) VALUES ('x', 'of the application')`)
  const rows = [{ code: 'x', name: 'of the set' }]
  const plans = (mode: string, version: number) =>
    project.tables({ plan: { key: ['code'], mode, rows } }, { version })
  plans('insert-missing', 1)
  expect((await project.seed('run')).sets).toMatchObject([{ unchanged: 1 }])
  plans('upsert', 2)
  expect((await project.seed('run')).sets).toMatchObject([{ updated: 1 }])
  expect((await project.seed('verify')).exitCode).toBe(0)
})

test('rows without a field of the key are refused in an empty table, too', async () => {
  project.tables({ plan: { key: ['id'], rows: [{ code: 'x' }] } })
  expect(await project.seed('run')).toMatchObject({ code: 'SEEDS.SET_INVALID' })
  expect(await project.target.sql('SELECT FROM plan')).toEqual([])
})

test('a nullable column that Prisma Client fills is filled in an empty table, too', async () => {
  project.tables({ Plan: { key: ['code'], rows: [{ code: 'x' }] } })
  expect((await project.seed('run')).sets).toMatchObject([{ inserted: 1 }])
  expect(await project.target.sql('SELECT touched_at IS NOT NULL AS is FROM plan')).toEqual([
    { is: true },
  ])
})

describe('a table or a name that two sets have', () => {
  const plan = { key: ['code'], mode: 'own', rows: [{ code: 'x' }] }

  test.each(['run', 'verify'])('%s refuses one table under two names of a set', async (command) => {
    project.tables({ Plan: plan, plan: { ...plan, rows: [{ code: 'y' }] } })
    const refused = await project.seed(command)
    expect(refused).toMatchObject({ exitCode: 2, code: 'SEEDS.TABLE_OWNED' })
    expect(refused.failure?.message).toBe('base has plan twice: as Plan and as plan.')
    expect(await project.target.sql('SELECT FROM plan')).toEqual([])
  })

  test('a run refuses one table under a different name in each set', async () => {
    project.tables({ Plan: plan })
    project.write({
      'other/set.json': JSON.stringify({ version: 1, tables: { 'public.plan': plan } }),
    })
    const refused = await project.seed('run')
    expect(refused).toMatchObject({ exitCode: 2, code: 'SEEDS.TABLE_OWNED' })
    expect(refused.failure?.message).toContain('both write to plan')
  })

  test('two sets of one name are refused', async () => {
    project.tables({ plan })
    project.write({ 'base.mjs': 'export default { version: 1, tables: {} }' })
    const refused = await project.seed('status')
    expect(refused).toMatchObject({ exitCode: 2, code: 'SEEDS.SET_INVALID' })
    expect(refused.failure?.why).toBe('base/set.json is a set with the same name.')
  })
})

test('a set of more than a hundred tables can be tried and verified before others', async () => {
  const names = Array.from({ length: 101 }, (_, at) => `many_${at}`)
  await project.target.sql(
    names.map((name) => `CREATE TABLE ${name} (code text PRIMARY KEY)`).join('; '),
  )
  const rows = [{ code: 'x' }]
  const tables = Object.fromEntries(names.map((name) => [name, { key: ['code'], rows }]))
  project.tables(tables)
  project.write({
    'other/set.json': JSON.stringify({ version: 1, tables: { plan: { key: ['code'], rows } } }),
  })
  expect(await project.seed('run', '--dry-run')).toMatchObject({ failure: null })
  expect(await project.seed('verify')).toMatchObject({ failure: null, exitCode: 4 })
})

test('a row that is no longer in the database is not shown as one to delete', async () => {
  project.tables({ plan: { key: ['code'], mode: 'own', rows: [{ code: 'x' }, { code: 'y' }] } })
  await project.seed('run')
  await project.target.sql(`DELETE FROM plan WHERE code = 'x'`)
  project.tables({ plan: { key: ['code'], mode: 'own', rows: [] } })
  const { sets } = await project.seed('run', '--dry-run')
  expect(sets[0]?.tables).toMatchObject([{ deleted: 1, rows: [{ key: { code: 'y' } }] }])
})

test('a CSV file without a header is refused, not taken for a set without rows', async () => {
  project.tables({ plan: { key: ['code'], mode: 'own' } })
  project.write({ 'base/plan.csv': 'code\nx\n' })
  await project.seed('run')
  project.write({ 'base/plan.csv': '' })
  expect(await project.seed('run')).toMatchObject({ code: 'SEEDS.FILE_INVALID' })
  expect(await project.target.sql('SELECT code FROM plan')).toEqual([{ code: 'x' }])
})

test('no row is locked while the user is asked, and other changes are asked about again', async () => {
  await project.target.sql(`INSERT INTO plan (code, name) VALUES ('x', 'a'), ('y', 'b')`)
  const environments = ['production']
  const rows = [
    { code: 'x', name: 'b' },
    { code: 'y', name: 'b' },
  ]
  project.tables({ plan: { key: ['code'], rows } }, { environments })
  const asked: string[] = []
  const slipway = await openProject({
    cwd: project.root,
    url: project.target.url,
    environment: 'production',
    async askConsent({ message }) {
      asked.push(message)
      if (asked.length > 1) return false
      await project.target.sql(`SET lock_timeout = '2s'; UPDATE plan SET name = 'c'`)
      return true
    },
  })
  const refused = await slipway.seed.run({})
  expect(refused).toMatchObject({ ok: false, failure: { code: 'DEPLOY.DECLINED' } })
  expect(asked).toEqual([
    expect.stringContaining('values of 1 row of plan'),
    expect.stringContaining('values of 2 rows of plan'),
  ])
  expect(await project.target.sql('SELECT DISTINCT name FROM plan')).toEqual([{ name: 'c' }])
})
