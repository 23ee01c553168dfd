import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { withSession } from '../src/database/index.ts'
import { ConnectionString } from '../src/kernel/index.ts'
import { fingerprint, readCatalog } from '../src/schema/index.ts'
import { runCli } from './cli.ts'
import { corpusMigrations, hasCorpus } from './corpus.ts'
import { runFiles } from './dump.ts'
import { createDatabase, postgresBin, type TestDatabase } from './postgres.ts'
import { prismaCli } from './prisma.ts'
import { addMigration, writeProject } from './project.ts'

// Real histories: deploys by Slipway, psql and Prisma give the same schema and history (guarantee 3).

const PROJECTS =
  process.env['FULL'] === '1'
    ? ['umami', 'hoppscotch', 'langfuse', 'trigger']
    : ['umami', 'hoppscotch']

async function fingerprintOf(database: TestDatabase): Promise<string> {
  return await withSession(
    { kind: 'postgres', url: new ConnectionString(database.url) },
    {},
    async (session) => {
      return fingerprint(await readCatalog(session)).hash
    },
  )
}

async function stateBySlipway(cwd: string, url: string): Promise<unknown> {
  const run = await runCli(['status', '--json'], { cwd, url })
  return (JSON.parse(run.stdout) as { result: { state: unknown } }).result.state
}

const prisma =
  (root: string, database: TestDatabase) =>
  (...args: string[]) =>
    prismaCli(['migrate', ...args], { cwd: root, databaseUrl: database.url })

test.skipIf(!hasCorpus).each(PROJECTS)(
  '%s: deployed by Slipway, by psql, by Prisma, and alternately',
  async (project) => {
    const migrations = corpusMigrations(project)
    const root = writeProject(migrations)
    const half = writeProject(migrations.slice(0, Math.ceil(migrations.length / 2)))
    const databases = await Promise.all([
      createDatabase(),
      createDatabase(),
      createDatabase(),
      createDatabase(),
      createDatabase(),
    ])
    const [slipway, filled, theirs, slipwayHalf, theirHalf] = databases
    try {
      const deployed = await runCli(['deploy'], { cwd: root, url: slipway.url })
      expect(deployed.code, deployed.stdout).toBe(0)
      const expected = await fingerprintOf(slipway)
      if (postgresBin() !== undefined) {
        runFiles(
          filled.url,
          migrations.map(({ path }) => path),
        )
        expect(await fingerprintOf(filled)).toBe(expected)
      }
      expect((await prisma(root, slipway)('status')).stdout).toContain(
        'Database schema is up to date',
      )

      expect((await prisma(root, theirs)('deploy')).code).toBe(0)
      expect(await stateBySlipway(root, theirs.url)).toBe('up-to-date')
      expect(await fingerprintOf(theirs)).toBe(expected)

      expect((await runCli(['deploy'], { cwd: half, url: slipwayHalf.url })).code).toBe(0)
      expect((await prisma(root, slipwayHalf)('deploy')).code).toBe(0)
      expect(await stateBySlipway(root, slipwayHalf.url)).toBe('up-to-date')
      expect(await fingerprintOf(slipwayHalf)).toBe(expected)

      expect((await prisma(half, theirHalf)('deploy')).code).toBe(0)
      const rest = await runCli(['deploy'], { cwd: root, url: theirHalf.url })
      expect(rest.code, rest.stdout).toBe(0)
      expect((await prisma(root, theirHalf)('status')).stdout).toContain(
        'Database schema is up to date',
      )
      expect(await fingerprintOf(theirHalf)).toBe(expected)
    } finally {
      await Promise.all(databases.map((database) => database.drop()))
      for (const folder of [root, half]) rmSync(folder, { recursive: true })
    }
  },
  600_000,
)

test.skipIf(!hasCorpus)(
  'a rolled-back migration is pending for Prisma, which applies it again',
  async () => {
    const migrations = corpusMigrations('hoppscotch')
    const root = writeProject(migrations)
    const database = await createDatabase()
    try {
      await runCli(['deploy'], { cwd: root, url: database.url })
      const before = await fingerprintOf(database)
      const back = await runCli(['rollback', '--steps', '2'], { cwd: root, url: database.url })
      expect(back.code, back.stdout + back.stderr).toBe(0)
      const status = await prisma(root, database)('status')
      expect(status.stdout).toContain(migrations.at(-1)?.name)
      expect(status.stdout).toContain(migrations.at(-2)?.name)
      expect((await prisma(root, database)('deploy')).code).toBe(0)
      expect(await fingerprintOf(database)).toBe(before)
      addMigration(root, {
        name: '99990101000000_more',
        sql: 'CREATE TABLE "more" ("id" INTEGER PRIMARY KEY);',
      })
      const deployed = await runCli(['deploy'], { cwd: root, url: database.url })
      expect(deployed.code, deployed.stdout).toBe(0)
    } finally {
      await database.drop()
      rmSync(root, { recursive: true })
    }
  },
)
