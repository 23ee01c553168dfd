import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDatabase, type TestDatabase } from '../../test/postgres.ts'
import { prismaCli, type PrismaRun } from '../../test/prisma.ts'
import { type Session, withSession } from '../database/index.ts'
import { ConnectionString } from '../kernel/index.ts'
import { listOf } from './engine.ts'
import { engineProgramPath } from './index.ts'

const CONFIG = `import { defineConfig } from 'prisma/config'
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL! },
})
`
const SCHEMA = `datasource db {
  provider = "postgresql"
}

model Carrier {
  id   Int    @id @default(autoincrement())
  name String
}
`
const INIT = `CREATE TABLE "Carrier" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL,
  CONSTRAINT "Carrier_pkey" PRIMARY KEY ("id"));
`
const NODE_MODULES = fileURLToPath(new URL('../../../../node_modules', import.meta.url))

let project: string
let database: TestDatabase

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'slipway-engine-'))
  await symlink(NODE_MODULES, join(project, 'node_modules'))
  await write('package.json', '{ "name": "carriers", "type": "module" }')
  await write('prisma.config.ts', CONFIG)
  await write('prisma/schema.prisma', SCHEMA)
  await write('prisma/migrations/migration_lock.toml', 'provider = "postgresql"\n')
  await write('prisma/migrations/1_init/migration.sql', INIT)
  database = await createDatabase()
})

afterEach(async () => {
  await database.drop()
  await rm(project, { recursive: true })
})

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(project, path)), { recursive: true })
  await writeFile(join(project, path), content)
}

async function prisma(args: string, options: { url?: string; stdin?: string } = {}) {
  const { url = database.url, stdin } = options
  return await prismaCli(args.split(' '), {
    cwd: project,
    databaseUrl: url,
    ...(stdin === undefined ? {} : { stdin }),
  })
}

async function onDatabase<T>(work: (session: Session) => Promise<T>): Promise<T> {
  const url = new ConnectionString(database.url)
  return await withSession({ kind: 'postgres', url }, {}, work)
}

function expectDone(run: PrismaRun, text: string): void {
  expect(run, run.stderr).toMatchObject({ code: 0 })
  expect(run.stdout).toContain(text)
}

describe('the stock Prisma CLI on slipway engine', () => {
  test('deploys, shows the status, and pulls the schema', async () => {
    expect(await prisma('migrate status')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('have not yet been applied:\n1_init'),
    })
    expectDone(await prisma('migrate deploy'), '1_init')
    expectDone(await prisma('migrate status'), 'Database schema is up to date!')
    expectDone(await prisma('db pull --print'), 'model Carrier {')
  })

  test('reports a failed migration with P3018 and P3009, and resolves it', async () => {
    const bad = 'CREATE TABLE "Ok" (id int);\nALTER TABLE "Nope" ADD COLUMN x int;\n'
    await write('prisma/migrations/2_bad/migration.sql', bad)
    const failed = await prisma('migrate deploy')
    expect(failed.code).toBe(1)
    expect(failed.stderr).toMatch(
      /P3018[\s\S]*Migration name: 2_bad[\s\S]*Database error code: 42P01/,
    )
    expect(failed.stderr).toContain('ERROR: relation "Nope" does not exist')
    expect((await prisma('migrate deploy')).stderr).toContain('P3009')
    expectDone(await prisma('migrate resolve --rolled-back 2_bad'), 'marked as rolled back')
    expectDone(await prisma('migrate resolve --applied 2_bad'), 'marked as applied')
  })

  test('migrate dev applies pending migrations, and writes the next one', async () => {
    await write('prisma/schema.prisma', SCHEMA.replace('String', 'String\n  city String?'))
    expectDone(await prisma('migrate dev --name city'), 'in sync with your schema')
    const names = await readdir(join(project, 'prisma/migrations'))
    const name = names.find((entry) => entry.endsWith('_city')) ?? ''
    const sql = await readFile(join(project, 'prisma/migrations', name, 'migration.sql'), 'utf8')
    expect(sql).toBe('-- AlterTable\nALTER TABLE "Carrier" ADD COLUMN     "city" TEXT;\n')
    expectDone(await prisma('migrate reset --force'), 'Database reset successful')
    const columns = await onDatabase((session) =>
      session.query(
        'SELECT attname FROM pg_attribute WHERE attrelid = \'"Carrier"\'::regclass AND attnum > 0',
      ),
    )
    expect(columns.map(({ attname }) => attname)).toEqual(['id', 'name', 'city'])
  })

  test('creates the extensions that the schema lists, once', async () => {
    const head = `generator client {
  provider        = "prisma-client"
  previewFeatures = ["postgresqlExtensions"]
}

`
    const listed = (extensions: string, type: string) =>
      head +
      SCHEMA.replace('"postgresql"', `"postgresql"\n  extensions = [${extensions}]`).replace(
        'name String',
        `name String ${type}`,
      )
    const written = async () => {
      const folder = join(project, 'prisma/migrations')
      const name = (await readdir(folder)).toSorted().findLast((entry) => /^\d{14}_/.test(entry))
      return await readFile(join(folder, name ?? '', 'migration.sql'), 'utf8')
    }
    await write('prisma/schema.prisma', listed('citext', '@db.Citext'))
    expectDone(await prisma('migrate dev --name one'), 'in sync with your schema')
    expect(await written()).toBe(`-- CreateExtension
CREATE EXTENSION IF NOT EXISTS "citext";

-- AlterTable
ALTER TABLE "Carrier" ALTER COLUMN "name" SET DATA TYPE CITEXT;
`)
    expectDone(await prisma('migrate dev'), 'Already in sync')
    await write('prisma/schema.prisma', listed('citext, hstore', '@db.Citext'))
    expectDone(await prisma('db push'), 'in sync with your Prisma schema')
    const names = await onDatabase((session) =>
      session.query("SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1"),
    )
    expect(names.map(({ extname }) => extname)).toEqual(['citext', 'hstore'])
  })

  test('compares a schema and a database', async () => {
    const script = await prisma(
      'migrate diff --from-empty --to-schema prisma/schema.prisma --script',
    )
    expectDone(script, 'CREATE TABLE "Carrier"')
    const behind = '--from-config-datasource --to-schema prisma/schema.prisma --exit-code'
    expect(await prisma(`migrate diff ${behind}`)).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('[+] Added tables\n  - Carrier'),
    })
  })

  test('pushes a schema, and warns before it loses data', async () => {
    expectDone(await prisma('db push'), 'now in sync')
    await onDatabase((session) => session.execute('INSERT INTO "Carrier" (name) VALUES (\'a\')'))
    await write('prisma/schema.prisma', SCHEMA.replace('  name String\n', ''))
    expect(await prisma('db push')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('drop the column `name`'),
    })
    expectDone(await prisma('db push --accept-data-loss'), 'now in sync')
  })

  test('executes a script completely or not at all', async () => {
    const stdin = "CREATE TABLE s (t text); INSERT INTO s VALUES ('a;b'); SELECT 1;"
    expectDone(await prisma('db execute --stdin', { stdin }), 'Script executed successfully.')
    expect(await onDatabase((session) => session.query('SELECT t FROM s'))).toEqual([{ t: 'a;b' }])
    const bad = 'CREATE TABLE gone (id int); SELECT nope;'
    expect(await prisma('db execute --stdin', { stdin: bad })).toMatchObject({ code: 1 })
    const gone = await onDatabase((session) => session.query("SELECT to_regclass('gone') AS t"))
    expect(gone).toEqual([{ t: null }])
  })

  test('creates a missing database as Prisma does, and names a server that is down', async () => {
    const missing = new URL(database.url)
    missing.pathname = `/${database.name}_new`
    const run = await prisma('migrate deploy', { url: missing.href })
    await onDatabase((session) => session.execute(`DROP DATABASE "${database.name}_new"`))
    expectDone(run, 'created at')
    const down = await prisma('migrate status', { url: 'postgresql://u:secret@127.0.0.1:1/d' })
    expect(down).toMatchObject({ code: 1, stderr: expect.stringContaining('P1001') })
    expect(down.stdout + down.stderr).not.toContain('secret')
  })
})

/** Sends one request to the program, and returns its messages. */
function request(method: string, params: object, args: string[] = []) {
  const run = spawnSync(process.execPath, [engineProgramPath(), ...args], {
    encoding: 'utf8',
    input: `${JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })}\n`,
  })
  return run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

test('returns the difference between two live databases', async () => {
  const other = await createDatabase()
  await onDatabase((session) => session.execute(INIT))
  const target = (url: string) => ({ tag: 'url', url })
  const params = { from: target(other.url), to: target(database.url), script: true }
  const messages = request('diff', params)
  await other.drop()
  expect(messages).toMatchObject([
    { method: 'print', params: { content: expect.stringContaining('CREATE TABLE') } },
    { id: 1, result: { exitCode: 0 } },
  ])
})

test('replays on its own shadow database, and does not touch the shadow database of the project', async () => {
  const shadow = await createDatabase()
  const address = { kind: 'postgres' as const, url: new ConnectionString(shadow.url) }
  await withSession(address, {}, (session) => session.execute('CREATE TABLE kept (id int)'))
  await onDatabase((session) => session.execute(INIT))
  const url = database.url
  const from = listOf([{ name: '1_init', sql: INIT }], { kind: 'postgres' })
  const params = { from: { tag: 'migrations', ...from }, to: { tag: 'url', url }, script: false }
  const datasource = JSON.stringify({ url, shadowDatabaseUrl: shadow.url })
  const named = { ...params, shadowDatabaseUrl: shadow.url }
  for (const given of [params, named]) {
    const [printed] = request('diff', given, ['--datasource', datasource])
    const content = expect.stringContaining('No difference detected.')
    expect(printed).toMatchObject({ params: { content } })
  }
  const tables = 'SELECT relname FROM pg_stat_user_tables'
  const left = await withSession(address, {}, (session) => session.query(tables))
  await shadow.drop()
  expect(left).toEqual([{ relname: 'kept' }])
  expect(await onDatabase((session) => session.query(tables))).toEqual([{ relname: 'Carrier' }])
})
