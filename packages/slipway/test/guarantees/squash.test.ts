import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { runCli } from '../cli-in-process.ts'
import { prismaCli } from '../prisma.ts'
import { addMigration, type TestMigration, writeProject } from '../project.ts'
import { createTarget, shareImages, type TestTarget } from '../target.ts'

// Guarantee 3 across a squash: a target that has all replaced migrations records the squash, an empty target
// runs it, and Prisma's CLI reports both as up to date.

const HISTORY: readonly TestMigration[] = [
  {
    name: '20240101000000_init',
    sql: `CREATE TABLE "Plan" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, CONSTRAINT "Plan_pkey" PRIMARY KEY ("id"));
INSERT INTO "Plan" ("name") VALUES ('Free'), ('Pro''s');\n`,
  },
  {
    name: '20240102000000_price',
    sql: 'ALTER TABLE "Plan" ADD COLUMN "price" INTEGER NOT NULL DEFAULT 0;\nCREATE UNIQUE INDEX "one_free" ON "Plan" ("price") WHERE "price" < 0;\n',
  },
  {
    name: '20240103000000_load',
    sql: 'CREATE TABLE "Load" ("id" INTEGER NOT NULL, CONSTRAINT "Load_pkey" PRIMARY KEY ("id"));\n',
  },
]
const MODELS = `model Plan {
  id    Int    @id @default(autoincrement())
  name  String
  price Int    @default(0)
}

model Load {
  id Int @id
}
`
const SQUASH = '20240102000000_squashed'

/** A repository with the history, and one in which the first two migrations are squashed. */
let template: string
let squashed: string
let root: string
let target: TestTarget

beforeAll(async () => {
  template = writeProject(HISTORY, MODELS)
  shareImages(template)
  const git = (...args: string[]) => execFileSync('git', args, { cwd: template, stdio: 'ignore' })
  git('init')
  git('add', 'prisma')
  git('-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '-m', 'history')
  squashed = copyOf(template)
  const run = await runCli(['squash', '--to', 'price', '--write'], { cwd: squashed })
  expect(run.exitCode, run.stdout + run.stderr).toBe(0)
  return () => [template, squashed].forEach((folder) => rmSync(folder, { recursive: true }))
})

beforeEach(async () => {
  root = copyOf(template)
  target = await createTarget()
  return async () => {
    await target.drop()
    rmSync(root, { recursive: true })
  }
})

function copyOf(folder: string): string {
  const copy = mkdtempSync(path.join(tmpdir(), 'slipway-squash-'))
  cpSync(folder, copy, { recursive: true, verbatimSymlinks: true })
  return copy
}

/** Pulls the commit that squashes the first two migrations. */
function pull(): void {
  const migrations = path.join(root, 'prisma/migrations')
  rmSync(migrations, { recursive: true })
  cpSync(path.join(squashed, 'prisma/migrations'), migrations, { recursive: true })
}

async function slipway(...args: string[]) {
  const run = await runCli([...args, '--url', target.url, '--json'], { cwd: root })
  const { result, failure } = JSON.parse(run.stdout) as {
    result: Record<string, unknown> | null
    failure: { code: string; message: string } | null
  }
  return { exitCode: run.exitCode, result, failure, stdout: run.stdout }
}

const folders = () =>
  readdirSync(path.join(root, 'prisma/migrations')).filter((name) => !name.endsWith('.toml'))
const prisma = (...args: string[]) =>
  prismaCli(['migrate', ...args], { cwd: root, databaseUrl: target.url })

/** Slipway and Prisma report the target as up to date. */
async function expectUpToDateForBoth(): Promise<void> {
  expect(await slipway('status')).toMatchObject({
    exitCode: 0,
    result: { state: 'up-to-date', pending: [], missing: [] },
  })
  expect(await prisma('status')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('Database schema is up to date!') as string,
  })
}

test('a target that has all replaced migrations records the squash, and later deploys work', async () => {
  await slipway('deploy')
  const before = await target.fingerprint()
  expect(await slipway('squash', '--to', 'price')).toMatchObject({
    exitCode: 0,
    result: { written: false, form: 'catalog' },
  })
  expect(folders()).toEqual(HISTORY.map(({ name }) => name))
  const written = await slipway('squash', '--to', 'price', '--write')
  expect(written, written.stdout).toMatchObject({
    exitCode: 0,
    result: {
      written: true,
      rows: [{ table: { kind: 'table', schema: null, name: 'Plan' }, rows: 2 }],
    },
  })
  expect(folders()).toEqual([SQUASH, HISTORY[2]?.name])
  expect(await slipway('status')).toMatchObject({
    exitCode: 0,
    result: { state: 'behind', pending: [SQUASH], missing: [], squashed: [{ kind: 'whole' }] },
  })
  expect(await slipway('rollback')).toMatchObject({ failure: { code: 'ROLLBACK.SQUASHED' } })
  const deployed = await slipway('deploy')
  expect(deployed, deployed.stdout).toMatchObject({
    exitCode: 0,
    result: {
      receipts: [],
      recorded: [{ migration: SQUASH, replaces: HISTORY.slice(0, 2).map(({ name }) => name) }],
    },
  })
  await expectUpToDateForBoth()
  expect((await prisma('deploy')).stdout).toContain('No pending migrations')
  const dev = await prisma('dev', '--name', 'x')
  expect(dev.stdout + dev.stderr).toContain('Already in sync')
  expect(await target.fingerprint()).toEqual(before)
  expect(await slipway('drift')).toMatchObject({ exitCode: 0, result: { drifted: false } })
  expect(await slipway('status')).toMatchObject({ result: { squashed: [{ kind: 'recorded' }] } })
  addMigration(root, {
    name: '20240104000000_more',
    sql: 'ALTER TABLE "Load" ADD COLUMN "n" INTEGER;\n',
  })
  expect(await slipway('deploy')).toMatchObject({ exitCode: 0 })
  expect(await slipway('rollback', '--steps', '2')).toMatchObject({ exitCode: 0 })
  expect(await slipway('rollback')).toMatchObject({ failure: { code: 'ROLLBACK.SQUASHED' } })
  expect(await slipway('deploy')).toMatchObject({ exitCode: 0 })
  expect(await target.sql('SELECT name FROM "Plan"')).toHaveLength(2)
})

test('without the ledger, the catalog is compared with a shadow database, and drift prevents the recording', async () => {
  expect((await prisma('deploy')).code).toBe(0)
  pull()
  await target.sql('ALTER TABLE "Plan" ADD COLUMN "by_hand" TEXT')
  expect(await slipway('deploy')).toMatchObject({ exitCode: 4, failure: { code: 'DEPLOY.DRIFT' } })
  expect(await slipway('status')).toMatchObject({ result: { pending: [SQUASH] } })
  await target.sql('ALTER TABLE "Plan" DROP COLUMN "by_hand"')
  expect(await slipway('deploy')).toMatchObject({ exitCode: 0 })
  await expectUpToDateForBoth()
})

test('an empty target runs the squash, including rows and sequences', async () => {
  pull()
  expect(await slipway('deploy')).toMatchObject({ exitCode: 0, result: { recorded: [] } })
  await expectUpToDateForBoth()
  await target.sql(`INSERT INTO "Plan" ("name") VALUES ('Team')`)
  expect(await target.sql('SELECT "id", "name" FROM "Plan" ORDER BY 1')).toEqual([
    { id: 1, name: 'Free' },
    { id: 2, name: "Pro's" },
    { id: 3, name: 'Team' },
  ])
})

test('a target with only a part of the replaced migrations is refused, with those that it lacks', async () => {
  expect(await slipway('deploy')).toMatchObject({ exitCode: 0 })
  const rolledBack = await slipway('rollback', '--steps', '2')
  expect(rolledBack, rolledBack.stdout).toMatchObject({ exitCode: 0 })
  pull()
  const refused = await slipway('deploy')
  expect(refused).toMatchObject({ exitCode: 2, failure: { code: 'HISTORY.SQUASHED_PARTLY' } })
  expect(refused.failure?.message).toContain('20240102000000_price')
  expect(await slipway('status')).toMatchObject({
    exitCode: 4,
    result: { squashed: [{ kind: 'partly', lacks: ['20240102000000_price'] }] },
  })
})

test("the next deploy completes what Prisma's resolve marked", async () => {
  await slipway('deploy')
  pull()
  expect((await prisma('resolve', '--applied', SQUASH)).code).toBe(0)
  expect(await slipway('status')).toMatchObject({
    result: { state: 'up-to-date', squashed: [{ kind: 'left-over' }] },
  })
  expect(await slipway('drift')).toMatchObject({ exitCode: 0, result: { drifted: false } })
  expect(await slipway('deploy')).toMatchObject({
    exitCode: 0,
    result: { recorded: [{ migration: SQUASH }] },
  })
  await expectUpToDateForBoth()
})

test("Prisma's own deploy before Slipway's fails, and Slipway can continue after it", async () => {
  await slipway('deploy')
  const before = await target.fingerprint()
  pull()
  expect((await prisma('deploy')).code).toBe(1)
  expect(await slipway('deploy')).toMatchObject({ failure: { code: 'HISTORY.FAILED' } })
  expect(await slipway('repair', '--mark', 'rolled-back')).toMatchObject({ exitCode: 0 })
  expect(await slipway('deploy')).toMatchObject({ result: { recorded: [{ migration: SQUASH }] } })
  await expectUpToDateForBoth()
  expect(await target.fingerprint()).toEqual(before)
})

test('a squash of a squash is recorded by a target with the first squash and by one with the old migrations', async () => {
  const late = await createTarget()
  try {
    await slipway('deploy')
    await runCli(['deploy', '--url', late.url], { cwd: root })
    pull()
    await slipway('deploy')
    const again = await slipway('squash', 'all', '--write', '--accept', 'uncommitted')
    expect(again, again.stdout).toMatchObject({ exitCode: 0 })
    expect(folders()).toEqual(['20240103000000_all'])
    expect(await slipway('deploy')).toMatchObject({ exitCode: 0, result: { receipts: [] } })
    await expectUpToDateForBoth()
    const run = await runCli(['deploy', '--url', late.url, '--json'], { cwd: root })
    expect(JSON.parse(run.stdout)).toMatchObject({
      result: { recorded: [{ replaces: HISTORY.map(({ name }) => name) }], receipts: [] },
    })
  } finally {
    await late.drop()
  }
})

test('Prisma and Slipway run a squash after other migrations, in several transactions, with the same result', async () => {
  const theirs = await createTarget()
  try {
    addMigration(root, {
      name: '20240104000000_sizes',
      sql: `CREATE TYPE "Size" AS ENUM ('S');\nALTER TABLE "Load" ADD COLUMN "size" "Size";\n`,
    })
    addMigration(root, { name: '20240105000000_more', sql: `ALTER TYPE "Size" ADD VALUE 'L';\n` })
    addMigration(root, {
      name: '20240106000000_used',
      sql: `BEGIN;\nSET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\nINSERT INTO "Load" VALUES (1, 'L');\nCOMMIT;\n`,
    })
    const made = await slipway('squash', '--from', 'more', '--write', '--accept', 'uncommitted')
    expect(made, made.stdout).toMatchObject({ exitCode: 0, result: { form: 'joined', groups: 2 } })
    expect(await slipway('deploy')).toMatchObject({ exitCode: 0 })
    const run = await prismaCli(['migrate', 'deploy'], { cwd: root, databaseUrl: theirs.url })
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(await theirs.fingerprint()).toEqual(await target.fingerprint())
    expect(await theirs.sql('SELECT "size" FROM "Load"')).toEqual([{ size: 'L' }])
    await expectUpToDateForBoth()
  } finally {
    await theirs.drop()
  }
})

test('migrations that are not in version control are not removed', async () => {
  addMigration(root, { name: '20240104000000_new', sql: 'CREATE TABLE "New" ("id" INTEGER);\n' })
  expect(await slipway('squash', '--write')).toMatchObject({
    exitCode: 2,
    failure: { code: 'SQUASH.UNCOMMITTED' },
  })
  expect(folders()).toHaveLength(4)
  const rest = await slipway('squash', '--to', 'load', '--write')
  expect(rest, rest.stdout).toMatchObject({ exitCode: 0 })
  expect(folders()).toEqual(['20240103000000_squashed', '20240104000000_new'])
})

test('a squash that is interrupted before the old folders are removed is completed by a second run', async () => {
  const old = path.join(root, 'prisma/migrations', HISTORY[1]?.name ?? '')
  const kept = mkdtempSync(path.join(tmpdir(), 'slipway-old-'))
  cpSync(old, kept, { recursive: true })
  pull()
  cpSync(kept, old, { recursive: true })
  for (const command of ['deploy', 'plan']) {
    expect(await slipway(command)).toMatchObject({
      failure: { code: 'HISTORY.SQUASH_UNFINISHED' },
    })
  }
  expect(await slipway('status')).toMatchObject({ exitCode: 4 })
  expect(await slipway('squash')).toMatchObject({ exitCode: 4, result: { finished: false } })
  expect(existsSync(old)).toBe(true)
  expect(await slipway('squash', '--write')).toMatchObject({
    exitCode: 0,
    result: { finished: true },
  })
  expect(folders()).toEqual([SQUASH, HISTORY[2]?.name])
  addMigration(root, { name: HISTORY[1]?.name ?? '', sql: 'SELECT 1;\n' })
  expect(await slipway('squash', '--write')).toMatchObject({ failure: { code: 'SQUASH.CHANGED' } })
  expect(readFileSync(path.join(old, 'migration.sql'), 'utf8')).toBe('SELECT 1;\n')
  rmSync(kept, { recursive: true })
})
