import { readFileSync, rmSync } from 'node:fs'
import { beforeEach, expect, test } from 'vitest'
import { withSession } from '../../src/database/index.ts'
import { withEngine } from '../../src/engine/index.ts'
import { ConnectionString, sha256 } from '../../src/kernel/index.ts'
import { runCli } from '../cli-in-process.ts'
import { prismaCli } from '../prisma.ts'
import { addMigration, type TestMigration, writeProject } from '../project.ts'
import { createTarget, shareImages, type TestTarget } from '../target.ts'

// Guarantee 3: the history is Prisma's. After any Slipway command, the stock CLI and the engine read the same
// state that Slipway reports.

const HISTORY: readonly TestMigration[] = [
  { name: '1_init', sql: 'CREATE TABLE "Carrier" ("id" integer PRIMARY KEY, "name" text);\n' },
  { name: '2_city', sql: '-- Ort ü\r\nALTER TABLE "Carrier" ADD COLUMN "city" text;\r\n' },
  {
    name: '3_steps',
    sql: 'CREATE INDEX CONCURRENTLY "by_city" ON "Carrier"("city");\nCREATE TABLE "Load" ("id" integer);\n',
  },
]
const BROKEN = {
  name: '4_broken',
  sql: 'ALTER TABLE "Carrier" ADD COLUMN "fax" text;\nSELECT 1 / 0;\n',
}
const BROKEN_STEPS = {
  name: '4_broken_steps',
  sql: 'CREATE INDEX CONCURRENTLY "by_name" ON "Carrier"("name");\nSELECT 1 / 0;\n',
}

let root: string
let target: TestTarget
let files: TestMigration[]

beforeEach(async () => {
  target = await createTarget()
  files = [...HISTORY]
  root = writeProject(files)
  shareImages(root)
  return async () => {
    await target.drop()
    rmSync(root, { recursive: true })
  }
})

function add(migration: TestMigration): void {
  files.push(migration)
  addMigration(root, migration)
}

function removeLast(): void {
  rmSync(`${root}/prisma/migrations/${files.pop()?.name}`, { recursive: true })
}

async function slipway(...args: string[]) {
  return await runCli([...args, '--url', target.url, '--json'], { cwd: root })
}

interface State {
  readonly state: string
  readonly pending: readonly string[]
  readonly failed: readonly string[]
  readonly edited: readonly string[]
  readonly missing: readonly string[]
}

/** Slipway's status. Prisma's CLI and its engine must agree with it. */
async function expectAgreedStatus(): Promise<State> {
  const { stdout } = await slipway('status')
  const { result: status } = JSON.parse(stdout) as { result: State }
  const theirs = await readPrismaDiagnosis()
  expect(theirs).toEqual({ pending: status.pending, failed: status.failed, edited: status.edited })
  const cli = await prismaCli(['migrate', 'status'], { cwd: root, databaseUrl: target.url })
  expect(cli.code, cli.stdout).toBe(status.state === 'up-to-date' ? 0 : 1)
  if (status.state === 'up-to-date') expect(cli.stdout).toContain('Database schema is up to date!')
  // If migrations are pending, the CLI lists only those.
  const named = status.pending.length > 0 ? status.pending : status.failed
  for (const name of named) expect(cli.stdout + cli.stderr).toContain(name)
  await expectChecksums()
  return status
}

/** The engine's own reading of the history. */
async function readPrismaDiagnosis() {
  const address = { kind: 'postgres' as const, url: new ConnectionString(target.url) }
  const found = await withSession(address, {}, (main) =>
    withEngine({ main }, (engine) => engine.diagnose(files)),
  )
  const { history } = found
  const pending =
    history && 'unappliedMigrationNames' in history ? history.unappliedMigrationNames : []
  return { pending, failed: found.failedMigrationNames, edited: found.editedMigrationNames }
}

async function expectChecksums(): Promise<void> {
  const rows = await target.sql('SELECT migration_name AS name, checksum FROM _prisma_migrations')
  const recorded = new Map(rows.map(({ name, checksum }) => [name, checksum]))
  for (const { name, sql } of files) {
    if (recorded.has(name)) expect(recorded.get(name), name).toBe(sha256(sql))
  }
}

test('deploy and rollback, in one transaction and step by step', async () => {
  expect(await slipway('deploy')).toMatchObject({ exitCode: 0 })
  expect(await expectAgreedStatus()).toMatchObject({ state: 'up-to-date', pending: [], failed: [] })
  expect(await slipway('rollback', '--to', '1_init')).toMatchObject({ exitCode: 0 })
  expect(await expectAgreedStatus()).toMatchObject({
    state: 'behind',
    pending: ['2_city', '3_steps'],
  })
  // Prisma cannot run a file that combines a concurrent index build with other statements.
  removeLast()
  const theirs = await prismaCli(['migrate', 'deploy'], { cwd: root, databaseUrl: target.url })
  expect(theirs, theirs.stderr).toMatchObject({ code: 0 })
  expect(await expectAgreedStatus()).toMatchObject({ state: 'up-to-date' })
})

test('a failed deploy leaves nothing, or reports how far it got; repair marks it', async () => {
  await slipway('deploy')
  add(BROKEN)
  expect(await slipway('deploy')).toMatchObject({ exitCode: 5 })
  expect(await expectAgreedStatus()).toMatchObject({
    state: 'behind',
    pending: ['4_broken'],
    failed: [],
  })
  removeLast()
  add(BROKEN_STEPS)
  expect(await slipway('deploy')).toMatchObject({ exitCode: 6 })
  expect(await expectAgreedStatus()).toMatchObject({ state: 'failed', failed: ['4_broken_steps'] })
  expect(await slipway('repair', '--mark', 'rolled-back')).toMatchObject({ exitCode: 0 })
  expect(await expectAgreedStatus()).toMatchObject({ state: 'behind', pending: ['4_broken_steps'] })
  await target.sql('DROP INDEX "by_name"')
  expect(await slipway('deploy')).toMatchObject({ exitCode: 6 })
  expect(await slipway('repair', '--mark', 'applied')).toMatchObject({ exitCode: 0 })
  expect(await expectAgreedStatus()).toMatchObject({ state: 'up-to-date' })
})

test('a migration that failed in Prisma is failed for Slipway, and one that Slipway undoes is pending for Prisma', async () => {
  removeLast()
  add(BROKEN)
  const theirs = await prismaCli(['migrate', 'deploy'], { cwd: root, databaseUrl: target.url })
  expect(theirs.code).toBe(1)
  expect(await expectAgreedStatus()).toMatchObject({ state: 'failed', failed: ['4_broken'] })
  const undone = await slipway('repair', '--undo')
  expect(undone, undone.stdout).toMatchObject({ exitCode: 0 })
  expect(await expectAgreedStatus()).toMatchObject({ state: 'behind', failed: [] })
})

test('a baseline equals resolve --applied; both see an edit, and accepting it counts for both', async () => {
  await target.sql(
    HISTORY.slice(0, 2)
      .map(({ sql }) => sql)
      .join(''),
  )
  expect(await slipway('baseline')).toMatchObject({ exitCode: 0 })
  expect(await expectAgreedStatus()).toMatchObject({ state: 'behind', pending: ['3_steps'] })
  expect(await slipway('deploy')).toMatchObject({ exitCode: 0 })
  const edited = { name: '1_init', sql: `-- edited later\n${HISTORY[0]?.sql}` }
  files[0] = edited
  addMigration(root, edited)
  expect((await readPrismaDiagnosis()).edited).toEqual(['1_init'])
  expect(await slipway('status')).toMatchObject({ exitCode: 4 })
  expect(await slipway('repair', '--accept-edit')).toMatchObject({ exitCode: 0 })
  expect(await expectAgreedStatus()).toMatchObject({ state: 'up-to-date', edited: [] })
})

test('a project without migrations gets its first one from the database, and Prisma reports it as up to date', async () => {
  while (files.length > 0) removeLast()
  await target.sql(
    `CREATE TYPE "Size" AS ENUM ('S', 'L');
     CREATE TABLE "Van" ("id" serial PRIMARY KEY, "size" "Size" NOT NULL DEFAULT 'S', "note" text, CHECK ("note" <> ''));
     CREATE TABLE "Trip" ("id" integer PRIMARY KEY, "van" integer REFERENCES "Van"("id"));
     INSERT INTO "Van" ("note") VALUES ('mine')`,
  )
  const bare = await slipway('baseline')
  expect(bare.exitCode).toBe(2)
  expect(bare.stdout).toContain('REPAIR.NO_MIGRATIONS')
  const made = await slipway('baseline', '--write', 'init')
  expect(made, made.stdout).toMatchObject({ exitCode: 0 })
  const { result } = JSON.parse(made.stdout) as {
    result: { migration: TestMigration & { path: string } }
  }
  const { name, path } = result.migration
  files.push({ name, sql: readFileSync(path, 'utf8') })
  expect(files[0]?.sql).toContain(`    "size" "Size" NOT NULL DEFAULT 'S'`)
  expect(files[0]?.sql).not.toContain('mine')
  expect(await expectAgreedStatus()).toMatchObject({ state: 'up-to-date' })
  const fresh = await createTarget()
  try {
    expect(
      (await prismaCli(['migrate', 'deploy'], { cwd: root, databaseUrl: fresh.url })).code,
    ).toBe(0)
    expect(await fresh.fingerprint()).toEqual(await target.fingerprint())
  } finally {
    await fresh.drop()
  }
})

test('a migration that the history records twice is named, repaired, and never run again', async () => {
  expect((await slipway('deploy')).exitCode).toBe(0)
  // The second rows are like those of a deploy through a pooler, or inserted by hand: one has another checksum.
  await target.sql(`INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, started_at, applied_steps_count)
    SELECT gen_random_uuid(), checksum, now(), migration_name, now(), 1 FROM _prisma_migrations WHERE migration_name = '1_init'
    UNION ALL SELECT gen_random_uuid(), repeat('0', 64), now(), migration_name, now(), 1 FROM _prisma_migrations WHERE migration_name = '2_city'`)
  const status = JSON.parse((await slipway('status')).stdout) as Record<string, unknown>
  expect(status).toMatchObject({
    result: { state: 'up-to-date', duplicated: ['1_init', '2_city'], edited: [], blocked: false },
    findings: [{ id: 'migration-duplicated' }, { id: 'migration-duplicated' }],
  })
  add({ name: '4_more', sql: 'CREATE TABLE "More" ("id" integer);\n' })
  for (const command of [['deploy'], ['drift']]) {
    const { exitCode, stdout } = await slipway(...command)
    expect(exitCode, stdout).toBe(0)
  }
  const examined = await slipway('repair')
  expect(examined.exitCode).toBe(4)
  expect(examined.stdout).toContain('repair --keep-one-row')
  for (const argv of [[], ['1_init']]) {
    const { exitCode, stdout } = await slipway('repair', '--keep-one-row', ...argv)
    expect(exitCode, stdout).toBe(0)
  }
  expect(await readPrismaDiagnosis()).toEqual({ pending: [], failed: [], edited: [] })
  const cli = await prismaCli(['migrate', 'status'], { cwd: root, databaseUrl: target.url })
  expect(cli, cli.stderr).toMatchObject({ code: 0 })
  const counts = await target.sql(
    'SELECT count(*)::int AS rows, count(rolled_back_at)::int AS back FROM _prisma_migrations',
  )
  expect(counts).toEqual([{ rows: 6, back: 2 }])
  const rolledBack = await slipway('rollback', '--to', '1_init')
  expect(rolledBack.exitCode, rolledBack.stdout).toBe(0)
  const pending = ['2_city', '3_steps', '4_more']
  expect(await readPrismaDiagnosis()).toEqual({ pending, failed: [], edited: [] })
})
