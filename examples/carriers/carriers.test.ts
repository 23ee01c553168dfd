import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from '../../packages/slipway/test/cli-in-process.ts'
import { lacksPrograms } from '../../packages/slipway/test/client-programs.ts'
import { dumpSchema } from '../../packages/slipway/test/dump.ts'
import { createDatabase, type TestDatabase } from '../../packages/slipway/test/postgres.ts'
import { prismaCli } from '../../packages/slipway/test/prisma.ts'

const run = promisify(execFile)
const repository = path.join(import.meta.dirname, '../..')
const folder = path.join(import.meta.dirname, 'prisma')
const sample = readFileSync(path.join(folder, 'sample.sql'), 'utf8')
const history = readdirSync(path.join(folder, 'migrations'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .toSorted()

/** Every table that the history creates. */
const TABLES = ['carriers', 'contacts', 'idempotency_keys', 'insurance_policies', 'loads']

let database: TestDatabase
let client: pg.Client

beforeEach(async () => {
  database = await createDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
})

afterEach(async () => {
  await client.end()
  await database.drop()
})

function schema(): string {
  return dumpSchema(database.url)
}

describe('the history of the reference project', () => {
  it.skipIf(lacksPrograms)(
    'goes up and down again, migration by migration, with empty tables',
    async () => {
      const before: string[] = []
      for (const migration of history) {
        before.push(schema())
        await up(migration)
      }
      const end = schema()
      for (const migration of history.toReversed()) {
        await down(migration)
        expect(schema(), `down.sql of ${migration}`).toBe(before.pop())
      }
      for (const migration of history) await up(migration)
      expect(schema()).toBe(end)
    },
  )

  it.skipIf(lacksPrograms)('goes down and up again with rows in its tables', async () => {
    for (const migration of history) await up(migration)
    await client.query(sample)
    for (const migration of history.toReversed()) {
      const [after, rows] = [schema(), await counts()]
      await down(migration)
      const left = await counts()
      await up(migration)
      expect(schema(), `${migration} a second time`).toBe(after)
      await down(migration)
      expect(await counts(), `rows after ${migration}`).toEqual(left)
      for (const [table, count] of left) expect(count, `rows of ${table}`).toBe(rows.get(table))
    }
    expect(await counts()).toEqual(new Map())
  })

  it('keeps what its down migration says that it keeps', async () => {
    for (const migration of history) await up(migration)
    await client.query(sample)
    const names = await column('SELECT full_name FROM contacts ORDER BY id')
    const powerOnly = await column(
      `SELECT id FROM loads WHERE equipment = 'POWER_ONLY' ORDER BY id`,
    )
    const target = position('_rename_contact_name_to_full_name')
    for (const migration of history.slice(target).toReversed()) await down(migration)

    expect(await column('SELECT name FROM contacts ORDER BY id')).toEqual(names)
    expect(powerOnly.length).toBeGreaterThan(0)
    expect(
      await column(`SELECT DISTINCT equipment FROM loads WHERE id IN (${powerOnly.join()})`),
    ).toEqual(['DRY_VAN'])
    expect(await column(`SELECT mc_number FROM carriers WHERE mc_number !~ '^MC-'`)).toEqual([])
  })

  it('reduces MC numbers in every spelling to their digits', async () => {
    const normalize = position('_normalize_mc_numbers')
    for (const migration of history.slice(0, normalize)) await up(migration)
    await client.query(`INSERT INTO carriers (name, mc_number)
      VALUES ('a', 'MC-990001'), ('b', 'MC990002'), ('c', 'mc 990003'), ('d', '990004'), ('e', NULL), ('f', '')`)
    for (const migration of history.slice(normalize)) await up(migration)
    const digits = await column('SELECT mc_number FROM carriers ORDER BY name')
    expect(digits).toEqual(['990001', '990002', '990003', '990004', null, null])
  })

  it('ends with the schema of schema.prisma, according to the stock Prisma CLI', async () => {
    for (const migration of history) await up(migration)
    expect(await prismaDiff()).toContain('No difference detected')
    await client.query('ALTER TABLE loads DROP COLUMN miles')
    await expect(prismaDiff()).rejects.toMatchObject({ code: 2 })
  })

  it('has what the Prisma schema language cannot express', async () => {
    for (const migration of history) await up(migration)
    await client.query(sample)
    await client.query(
      `UPDATE carriers SET updated_at = '2026-01-01', power_units = 4 WHERE id = 1`,
    )
    expect(
      await column(`SELECT updated_at > created_at - interval '1 h' FROM carriers WHERE id = 1`),
    ).toEqual([true])
    await expect(client.query('UPDATE contacts SET is_primary = true')).rejects.toThrow(
      'contacts_one_primary_key',
    )
    await expect(client.query('UPDATE loads SET rate = -1')).rejects.toThrow('loads_rate_check')
    expect(await column('SELECT count(*)::int FROM carrier_coverage')).toEqual([40])
  })
})

describe('the seed sets of the reference project', () => {
  const SETS = [
    { environment: 'development', set: 'development', carriers: 600, loads: 2400 },
    { environment: 'testing', set: 'testing', carriers: 25, loads: 60 },
    { environment: 'staging', set: 'core', carriers: 3, loads: 0 },
    { environment: 'production', set: 'core', carriers: 3, loads: 0 },
  ]
  /** Their deploy creates a backup first, with pg_dump. */
  const BACKED_UP = ['staging', 'production']

  it.for(SETS)(
    '$environment gets $set; a second run writes nothing, and every row equals the files',
    async ({ environment, set, carriers, loads }, { skip }) => {
      skip(lacksPrograms && BACKED_UP.includes(environment), 'pg_dump of this version is missing')
      await slipway(environment, 'deploy')
      const [first] = await slipway(environment, 'seed run')
      expect(first).toMatchObject({ name: set, version: 1, updated: 0, deleted: 0, unchanged: 0 })
      const found = await counts()
      expect([found.get('carriers'), found.get('loads')]).toEqual([carriers, loads])
      const written = await onlyRow('SELECT * FROM slipway.seed')
      const [second] = await slipway(environment, 'seed run')
      const nothing = { inserted: 0, updated: 0, deleted: 0, unchanged: first?.inserted }
      expect(second).toMatchObject(nothing)
      expect(await onlyRow('SELECT * FROM slipway.seed')).toEqual(written)

      const states = await slipway(environment, 'seed verify')
      expect(states.find(({ name }) => name === set)).toMatchObject({ status: 'current' })
    },
  )

  it('are run by the stock `prisma db seed`', async () => {
    await slipway('development', 'deploy')
    const options = { cwd: import.meta.dirname, databaseUrl: database.url }
    const seeded = await prismaCli(['db', 'seed'], options)
    expect(seeded.code, seeded.stdout + seeded.stderr).toBe(0)
    expect(seeded.stdout).toContain('The seed command has been executed')
    expect(await column('SELECT count(*)::int FROM carriers')).toEqual([600])

    await client.query('DROP TABLE loads CASCADE')
    const failed = await prismaCli(['db', 'seed'], options)
    expect(failed.code).toBe(1)
    expect(failed.stdout + failed.stderr).toContain('SEEDS.TABLE_MISSING')
  })
})

interface SeedResult {
  readonly name: string
  readonly inserted: number
}

/** Runs a command on the test's database as that environment; it must exit with 0. Returns its `sets`. */
async function slipway(environment: string, line: string): Promise<readonly SeedResult[]> {
  const variable = VARIABLES[environment] ?? 'DATABASE_URL'
  const argv = [...line.split(' '), '--env', environment, '--confirm', database.name, '--json']
  const { exitCode, stdout } = await runCli(argv, {
    cwd: import.meta.dirname,
    env: {
      [variable]: database.url,
      // Only for production: a database that its `directUrl` names counts as production in every environment.
      ...(environment === 'production' ? { DIRECT_URL: database.url } : {}),
    },
  })
  expect(exitCode, stdout).toBe(0)
  const { result } = JSON.parse(stdout) as { result: { sets?: readonly SeedResult[] } }
  return result.sets ?? []
}

const VARIABLES: Readonly<Record<string, string>> = {
  testing: 'TESTING_DATABASE_URL',
  staging: 'STAGING_DATABASE_URL',
}

/** The position in the history of the migration with that suffix. */
function position(suffix: string): number {
  const found = history.findIndex((migration) => migration.endsWith(suffix))
  expect(found, suffix).toBeGreaterThanOrEqual(0)
  return found
}

async function up(migration: string): Promise<void> {
  await script(migration, 'migration.sql')
}

async function down(migration: string): Promise<void> {
  await script(migration, 'down.sql')
}

async function script(migration: string, file: string): Promise<void> {
  await client.query(readFileSync(path.join(folder, 'migrations', migration, file), 'utf8'))
}

/** Prisma's diff between the database and schema.prisma; rejects with exit code 2 if they differ. */
async function prismaDiff(): Promise<string> {
  const prisma = path.join(repository, 'node_modules/prisma/build/index.js')
  const between = ['--from-config-datasource', '--to-schema', 'prisma/schema.prisma']
  const args = [prisma, 'migrate', 'diff', ...between, '--exit-code']
  const engine = path.join(repository, 'packages/slipway/bin/schema-engine.js')
  const { stdout } = await run(process.execPath, args, {
    cwd: import.meta.dirname,
    env: { ...process.env, DATABASE_URL: database.url, PRISMA_SCHEMA_ENGINE_BINARY: engine },
  })
  return stdout
}

async function onlyRow(sql: string): Promise<unknown> {
  return (await client.query(sql)).rows[0]
}

async function column(sql: string): Promise<unknown[]> {
  const { rows } = await client.query({ text: sql, rowMode: 'array' })
  return rows.map((row: unknown[]) => row[0])
}

/** The number of rows of each existing table. */
async function counts(): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (const table of TABLES) {
    const [exists] = await column(`SELECT to_regclass('${table}') IS NOT NULL`)
    if (exists) found.set(table, Number((await column(`SELECT count(*) FROM ${table}`))[0]))
  }
  return found
}
