import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import pg from 'pg'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createDatabase, serverUrl } from '../../test/postgres.ts'
import { addMigration, writeProject } from '../../test/project.ts'
import { shareImages } from '../../test/target.ts'
import { seed, testDatabase, testServer } from './index.ts'

const repository = path.join(import.meta.dirname, '../../../..')
const CARRIERS = path.join(repository, 'examples/carriers')
const MIGRATIONS = readdirSync(path.join(CARRIERS, 'prisma/migrations'), {
  withFileTypes: true,
}).filter((one) => one.isDirectory())
const COUNTS = `SELECT (SELECT count(*) FROM carriers)::int AS carriers, (SELECT count(*) FROM loads)::int AS loads`

let cwd = ''

beforeEach(() => {
  cwd = copyOfCarriers()
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await dropAll()
  rmSync(cwd, { recursive: true, force: true })
})
afterAll(dropAll)

/** A separate project for each test, so that each has its own content. */
function copyOfCarriers(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'slipway-testing-'))
  cpSync(path.join(CARRIERS, 'prisma'), path.join(folder, 'prisma'), { recursive: true })
  for (const name of ['package.json', 'prisma.config.ts', 'slipway.config.ts'])
    cpSync(path.join(CARRIERS, name), path.join(folder, name))
  symlinkSync(path.join(repository, 'node_modules'), path.join(folder, 'node_modules'))
  shareImages(folder)
  return folder
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return ((await client.query(sql)) as { rows: Record<string, unknown>[] }).rows
  } finally {
    await client.end()
  }
}

async function databases(prefix: string): Promise<string[]> {
  const rows = await query(
    serverUrl(),
    `SELECT datname FROM pg_database WHERE starts_with(datname, '${prefix}') ORDER BY 1`,
  )
  return rows.map(({ datname }) => String(datname))
}

async function dropAll(): Promise<void> {
  for (const prefix of ['slipway_clone_', 'slipway_seeded_', 'slipway_making_'])
    for (const name of await databases(prefix))
      await query(serverUrl(), `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
}

describe('a database of a test', () => {
  test('has the migrations and the sets, and is dropped after it; others are not affected', async () => {
    const one = await testDatabase({ cwd })
    const other = await testDatabase({ cwd })
    expect(await query(one.url, COUNTS)).toEqual([{ carriers: 25, loads: 60 }])
    const [{ applied } = {}] = await query(
      one.url,
      'SELECT count(*)::int AS applied FROM _prisma_migrations WHERE finished_at IS NOT NULL',
    )
    expect(applied).toBe(MIGRATIONS.length)

    await query(one.url, 'DELETE FROM loads')
    expect(await query(other.url, COUNTS)).toEqual([{ carriers: 25, loads: 60 }])
    expect(await databases('slipway_seeded_')).toHaveLength(1)

    // A forgotten connection of a test must not keep the database.
    const left = new pg.Client({ connectionString: one.url })
    left.on('error', () => {})
    await left.connect()
    await one.drop()
    await other.drop()
    expect(await databases('slipway_clone_')).toEqual([])
  })

  test('has no sets if none is requested', async () => {
    await using database = await testDatabase({ cwd, sets: [] })
    expect(await query(database.url, COUNTS)).toEqual([{ carriers: 0, loads: 0 }])
  })

  test('a set that does not belong to testing is refused, with advice in the message', async () => {
    await expect(testDatabase({ cwd, sets: ['development'] })).rejects.toThrow(
      /SEEDS\.NOT_HERE: The seed set development does not belong to testing\.\nIt belongs to development\.\n/,
    )
  })

  test('has its own template for each default schema', async () => {
    const url = new URL(serverUrl())
    url.searchParams.set('schema', 'app')
    await using inApp = await testDatabase({ cwd, url: url.href, sets: [] })
    await using inPublic = await testDatabase({ cwd, url: serverUrl(), sets: [] })
    await query(inApp.url, 'SELECT FROM app.carriers')
    await query(inPublic.url, 'SELECT FROM public.carriers')
  })

  test('is refused for a project on SQLite', async () => {
    const sql = 'CREATE TABLE "users" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT)'
    const folder = writeProject([{ name: '1_init', sql }], '', 'sqlite')
    await expect(testDatabase({ cwd: folder })).rejects.toThrow(
      /TESTING\.NOT_SUPPORTED: .*"sqlite"/,
    )
  })

  test('a new migration needs another template', async () => {
    await (await testDatabase({ cwd })).drop()
    addMigration(cwd, {
      name: '20270101000000_note',
      sql: 'ALTER TABLE "carriers" ADD COLUMN "note" TEXT;',
    })
    // Simulates another process, because this one has already read the files.
    vi.resetModules()
    const again = await import('./index.ts')
    await using database = await again.testDatabase({ cwd })
    await query(database.url, 'SELECT note FROM carriers')
    expect(await databases('slipway_seeded_')).toHaveLength(2)
  })
})

describe('the template', () => {
  test('is created once, however many processes request it at the same time', async () => {
    const program = path.join(cwd, 'ask.ts')
    writeFileSync(
      program,
      `import { testDatabase } from 'slipway/testing'
      const one = await testDatabase()
      console.log(one.name)`,
    )
    const ask = async () => {
      const child = spawn(process.execPath, [program], {
        cwd,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const [name, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
      expect(code).toBe(0)
      return name.trim()
    }
    const names = await Promise.all([ask(), ask(), ask(), ask()])
    expect(new Set(names).size).toBe(4)
    expect(await databases('slipway_clone_')).toEqual(names.toSorted())
    expect(await databases('slipway_seeded_')).toHaveLength(1)
    expect(await databases('slipway_making_')).toEqual([])
  })

  test('a failed one leaves nothing behind, and is tried again', async () => {
    addMigration(cwd, { name: '20270101000000_broken', sql: 'ALTER TABLE "nowhere" ADD "x" INT;' })
    await expect(testDatabase({ cwd })).rejects.toThrow('DEPLOY.STATEMENT_FAILED')
    expect(await databases('slipway_')).not.toContainEqual(expect.stringMatching(/seeded|making/))
    addMigration(cwd, { name: '20270101000000_broken', sql: 'SELECT 1;' })
    await (await testDatabase({ cwd })).drop()
  })
})

describe('guarantee 1: no database that Slipway did not create is touched', () => {
  test('a database with the name but without the comment stays; leftovers of killed runs are dropped', async () => {
    await query(serverUrl(), 'CREATE DATABASE slipway_clone_of_somebody')
    await query(serverUrl(), 'CREATE DATABASE slipway_clone_left')
    await query(
      serverUrl(),
      `COMMENT ON DATABASE slipway_clone_left IS 'slipway tests, used 2026-01-01T00:00:00.000Z'`,
    )
    const { name } = await testDatabase({ cwd })
    expect(await databases('slipway_clone_')).toEqual([name, 'slipway_clone_of_somebody'])
  })

  test('the server of a protected environment is refused', async () => {
    vi.stubEnv('STAGING_DATABASE_URL', serverUrl())
    await expect(testDatabase({ cwd })).rejects.toThrow(
      /TESTING\.PROTECTED: .* belongs to staging\./,
    )
    expect(await databases('slipway_seeded_')).toEqual([])
    // A server that also hosts the development database is allowed.
    const development = await createDatabase()
    vi.stubEnv('DATABASE_URL', development.url)
    await (await testDatabase({ cwd })).drop()
    await development.drop()
  })

  test('a database of a protected environment is not seeded', async () => {
    const staging = await createDatabase()
    vi.stubEnv('STAGING_DATABASE_URL', staging.url)
    await expect(seed(staging.url, { cwd })).rejects.toThrow('TESTING.PROTECTED')
    await staging.drop()
  })
})

describe('seed', () => {
  test('resets rows that a test has changed, and writes nothing the second time', async () => {
    await using database = await testDatabase({ cwd })
    await query(database.url, `DELETE FROM loads WHERE reference = 'LD-100001'`)
    const [first] = await seed(database.url, { cwd })
    expect(first).toMatchObject({ name: 'testing', inserted: 1, updated: 0, deleted: 0 })
    const [second] = await seed(database.url, { cwd, sets: ['testing'] })
    expect(second).toMatchObject({ inserted: 0, updated: 0, deleted: 0 })
  })

  test('needs the migrations', async () => {
    const empty = await createDatabase()
    await expect(seed(empty.url, { cwd })).rejects.toThrow('SEEDS.MIGRATIONS_PENDING')
    await empty.drop()
  })
})

describe('a machine without a server for tests', () => {
  test('starts a private one, which ends with the process that started it', async () => {
    const program = path.join(cwd, 'alone.ts')
    writeFileSync(
      program,
      `import pg from 'pg'
      import { testDatabase } from 'slipway/testing'
      const [one, other] = [await testDatabase(), await testDatabase()]
      const client = new pg.Client({ connectionString: one.url })
      await client.connect()
      const { rows } = await client.query('SELECT count(*)::int AS n FROM carriers')
      await client.end()
      console.log(rows[0].n, one.url === other.url)`,
    )
    const { TEST_DATABASE_URL: _, ...env } = process.env
    for (const run of ['first', 'second']) {
      const child = spawn(process.execPath, [program], {
        cwd,
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
      expect([out.trim(), code], run).toEqual(['25 false', 0])
    }
  })

  test('has the embedded database, served to several connections', async () => {
    vi.stubEnv('TEST_DATABASE_URL', '')
    writeFileSync(path.join(cwd, 'slipway.config.ts'), `export default { shadow: 'embedded' }\n`)
    await using database = await testDatabase({ cwd })
    await using other = await testDatabase({ cwd })
    expect(await query(database.url, COUNTS)).toEqual([{ carriers: 25, loads: 60 }])

    const [one, two] = [1, 2].map(() => new pg.Client({ connectionString: database.url }))
    if (!one || !two) throw new TypeError('two clients')
    await Promise.all([one.connect(), two.connect()])
    await one.query('BEGIN')
    await one.query('DELETE FROM loads WHERE reference = $1', ['LD-100001'])
    // It waits for the end of the other's transaction.
    const seen = two.query<{ loads: number }>({ text: COUNTS })
    await one.query('ROLLBACK')
    expect((await seen).rows).toEqual([{ carriers: 25, loads: 60 }])
    await expect(two.query('SELECT $1::int / 0', [1])).rejects.toThrow('division by zero')
    await one.query('BEGIN')
    await one.query('DELETE FROM loads')
    await one.end()
    expect((await two.query(COUNTS)).rows).toEqual([{ carriers: 25, loads: 60 }])
    await two.end()
    await query(database.url, 'DELETE FROM loads')
    await expect(seed(database.url, { cwd })).rejects.toThrow('COPY FROM STDIN')
    expect(await query(other.url, COUNTS)).toEqual([{ carriers: 25, loads: 60 }])
  })

  test('a setup starts it for all workers, and stops it', async () => {
    vi.stubEnv('TEST_DATABASE_URL', '')
    const server = await testServer({ cwd })
    for (const [name, value] of Object.entries(server.env)) vi.stubEnv(name, value)
    vi.resetModules()
    const worker = await import('./index.ts')
    // The setup has read the project, so a worker only needs the variables.
    const database = await worker.testDatabase({ cwd: os.tmpdir() })
    expect(await query(database.url, COUNTS)).toEqual([{ carriers: 25, loads: 60 }])
    await server.stop()
    await expect(query(database.url, COUNTS)).rejects.toThrow()
  })
})
