import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../cli-in-process.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { prismaCli } from '../prisma.ts'
import { addMigration, type TestMigration, writeProject } from '../project.ts'
import { shareImages } from '../target.ts'

// Guarantee 1: a shadow database is never the target, and never a database that Slipway did not create. The
// evidence is the server's log of all statements that change anything.

const HISTORY: readonly TestMigration[] = [
  {
    name: '20260101000000_init',
    sql: `CREATE EXTENSION IF NOT EXISTS citext;
CREATE TABLE "Carrier" ("id" SERIAL PRIMARY KEY, "name" citext NOT NULL);
GRANT SELECT ON "Carrier" TO reporting;
`,
  },
  { name: '20260102000000_city', sql: 'ALTER TABLE "Carrier" ADD COLUMN "city" TEXT;\n' },
]
const BROKEN: TestMigration = {
  name: '20260103000000_broken',
  sql: 'ALTER TABLE "Carrier" ADD COLUMN "fax" TEXT;\nALTER TABLE "Nowhere" ADD COLUMN "x" TEXT;\n',
}
const REQUIRED: TestMigration = {
  name: '20260103000000_required',
  sql: 'ALTER TABLE "Carrier" ALTER COLUMN "city" SET NOT NULL;\n',
}
const MODEL = `model Carrier {
  id   Int     @id @default(autoincrement())
  name String  @db.Citext
  city String?
  zip  String?
}
`
const PRISMA_CONFIG = `export default {
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL ?? '', shadowDatabaseUrl: process.env.SHADOW_URL ?? '' },
}
`

let cluster: Cluster
let root: string
let target: string
let shadow: string

beforeAll(async () => {
  cluster = await startCluster({ settings: { log_statement: 'mod', autovacuum: 'off' } })
  root = writeProject(HISTORY, MODEL)
  writeFileSync(join(root, 'prisma.config.ts'), PRISMA_CONFIG)
  shareImages(root)
  await onServer('CREATE ROLE reporting')
  target = await database('target')
  shadow = await database('shadow')
  await sql(shadow, 'CREATE TABLE kept (id integer)')
  await slipway(['deploy'])
})

afterAll(async () => {
  await cluster.stop()
  rmSync(root, { recursive: true })
})

async function database(name: string): Promise<string> {
  await onServer(`CREATE DATABASE ${name} TEMPLATE template0`)
  const url = new URL(cluster.url)
  url.pathname = `/${name}`
  return url.href
}

const onServer = (text: string) => sql(cluster.url, text)

async function sql(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

async function slipway(args: readonly string[], url = target) {
  const run = await runCli([...args, '--url', url, '--json'], { cwd: root })
  const { failure } = JSON.parse(run.stdout) as { failure: { code: string } | null }
  return { ...run, failed: failure?.code }
}

async function prisma(...args: string[]) {
  const env = { SHADOW_URL: shadow }
  return await prismaCli(args, { cwd: root, databaseUrl: target, env })
}

/** The statements that the server logged during `work`, and whether its content is the same as before. */
async function changesOf(work: () => Promise<void>) {
  const log = join(cluster.dataDir, '..', 'log')
  const [before, logged] = [await everything(), readFileSync(log, 'utf8').length]
  await work()
  const statements = readFileSync(log, 'utf8')
    .slice(logged)
    // A line that continues an entry begins with a tab.
    .split(/\n(?!\t)/)
    .flatMap((entry) => /LOG: {2}(?:statement|execute [^:]+): (.*)/s.exec(entry)?.[1] ?? [])
  return { statements, same: JSON.stringify(await everything()) === JSON.stringify(before) }
}

/** Databases and roles of the server, and the catalog rows of both databases that a change would touch. */
async function everything(): Promise<unknown[]> {
  const server =
    'SELECT (SELECT array_agg(datname) FROM pg_database), (SELECT array_agg(rolname) FROM pg_roles)'
  const rows = `SELECT (SELECT array_agg(oid::text || xmin ORDER BY oid) FROM pg_class),
    (SELECT array_agg(oid::text || xmin ORDER BY oid) FROM pg_namespace)`
  return [await onServer(server), await sql(target, rows), await sql(shadow, rows)]
}

const UNTOUCHED = { statements: [], same: true }

describe('on a target that has the history', () => {
  test('create writes a migration and its down migration, and touches nothing', async () => {
    const changes = await changesOf(async () => {
      expect((await slipway(['create', 'zip'])).exitCode).toBe(0)
    })
    expect(changes).toEqual(UNTOUCHED)
  })

  test('drift compares with a replay, and touches nothing', async () => {
    // Without the ledger's record, the history must be replayed.
    await sql(target, 'DELETE FROM slipway.schema_state')
    const changes = await changesOf(async () => {
      expect((await slipway(['drift'])).exitCode).toBe(0)
    })
    expect(changes).toEqual(UNTOUCHED)
  })

  test('plan reads table sizes and runs pre-checks, and touches nothing', async () => {
    addMigration(root, REQUIRED)
    const changes = await changesOf(async () => {
      const run = await slipway(['plan'])
      expect(run, run.stdout).toMatchObject({ exitCode: 0, failed: undefined })
      expect(run.stdout).toContain('"kind": "not-null"')
    })
    rmSync(join(root, 'prisma', 'migrations', REQUIRED.name), { recursive: true })
    expect(changes).toEqual(UNTOUCHED)
  })

  test('inspect reads catalogs and statistics, and touches nothing', async () => {
    await sql(target, 'CREATE TABLE child (carrier int REFERENCES "Carrier")')
    const changes = await changesOf(async () => {
      expect((await slipway(['inspect'])).exitCode).toBe(0)
      const run = await slipway(['inspect', '--try'])
      expect(run.stdout).toContain('does not create this table')
    })
    await sql(target, 'DROP TABLE child')
    expect(changes).toEqual(UNTOUCHED)
  })

  test('a refused rollback has tested its down migration elsewhere', async () => {
    const changes = await changesOf(async () => {
      const run = await slipway(['rollback', '--env', 'production'])
      expect(run.failed).toBe('DEPLOY.CONSENT_NEEDED')
    })
    expect(changes).toEqual(UNTOUCHED)
  })

  test('repair without a decision, with a broken migration, touches nothing', async () => {
    addMigration(root, BROKEN)
    await sql(
      target,
      `INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', 'y', '${BROKEN.name}')`,
    )
    const changes = await changesOf(async () => {
      const run = await slipway(['repair'])
      expect(run.exitCode).toBe(4)
      expect(run.stdout).toContain('failsOnShadow')
    })
    await sql(target, `DELETE FROM _prisma_migrations WHERE migration_name = '${BROKEN.name}'`)
    rmSync(join(root, 'prisma', 'migrations', BROKEN.name), { recursive: true })
    expect(changes).toEqual(UNTOUCHED)
  })
})

test('the stock Prisma CLI replays through slipway engine, and touches neither database', async () => {
  const changes = await changesOf(async () => {
    const diff = await prisma(
      'migrate',
      'diff',
      '--from-migrations',
      'prisma/migrations',
      '--to-schema',
      'prisma/schema.prisma',
      '--script',
    )
    expect(diff, diff.stderr).toMatchObject({ code: 0 })
    expect((await prisma('migrate', 'status')).code).toBe(1)
  })
  expect(changes).toEqual(UNTOUCHED)
})

test('a rollback runs its down migration on the target, and nothing else there', async () => {
  const { statements } = await changesOf(async () => {
    expect((await slipway(['rollback'])).exitCode).toBe(0)
  })
  const text = statements.join('\n')
  expect(text).toContain('DROP COLUMN "city"')
  expect(text).not.toMatch(/CREATE DATABASE|CREATE TABLE "Carrier"|CREATE EXTENSION|CREATE ROLE/)
  expect(await onServer("SELECT 1 FROM pg_database WHERE datname ~ 'slipway|shadow_'")).toEqual([])
})

test('a baseline records on the target, and runs no migration there', async () => {
  const other = await database('filled')
  await sql(other, HISTORY.map((migration) => migration.sql).join(''))
  const { statements } = await changesOf(async () => {
    const run = await slipway(['baseline'], other)
    expect(run, run.stdout).toMatchObject({ exitCode: 0 })
  })
  expect(statements.length).toBeGreaterThan(0)
  expect(statements.filter((line) => !/_prisma_migrations|slipway|SET LOCAL/.test(line))).toEqual(
    [],
  )
})
