import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Failure } from '../src/kernel/index.ts'
import { nextSteps, refusal } from './bad-input/refusal.ts'
import { APPLIED, FINE, MODELS, ROW_SECRET } from './bad-input/shop.ts'
import { runCli } from './cli-in-process.ts'
import { type Cluster, createDatabase, startCluster, type TestDatabase } from './postgres.ts'
import { addMigration, writeProject } from './project.ts'

// An unusable command line, project, migration or history is a failure with its own code and a next step. The
// database, which has a history and rows, stays unchanged, and so does the list of the server's databases.

let cluster: Cluster
let database: TestDatabase

beforeAll(async () => {
  cluster = await startCluster()
  database = await createDatabase({ server: cluster.url })
  const ran = await runCli(['deploy', '--url', database.url], {
    cwd: writeProject(APPLIED, MODELS),
  })
  expect(ran.exitCode, ran.stderr).toBe(0)
})

afterAll(() => cluster.stop())

interface Case {
  readonly name: string
  /** `deploy` if absent. */
  readonly argv?: readonly string[]
  readonly code: string
  /** 2 if absent. */
  readonly exit?: number
  /** Damages the database's project. */
  readonly spoil?: (root: string) => void
  /** What the failure must contain in addition to its code. */
  readonly says?: Partial<Failure>
  /** What one of its next steps must contain. */
  readonly next?: string
}

function testCases(title: string, cases: readonly Case[]): void {
  describe(title, () => {
    test.each(cases)(
      '$name: $code',
      async ({ argv = ['deploy'], code, exit = 2, spoil, says, next }) => {
        const cwd = writeProject(APPLIED, MODELS)
        try {
          spoil?.(cwd)
          const files = filesOf(cwd)
          const { url } = database
          const { failure } = await refusal({
            argv,
            cwd,
            url,
            exit,
            code,
            unchanged: url,
            secrets: [ROW_SECRET],
          })
          expect(filesOf(cwd)).toEqual(files)
          if (says) expect(failure).toMatchObject(says)
          if (next !== undefined) expect(nextSteps(failure)).toContain(next)
        } finally {
          rmSync(cwd, { recursive: true })
        }
      },
    )
  })
}

/** The files of a project, without Slipway's own. */
function filesOf(root: string): readonly string[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' })
  return names.filter((name) => !name.startsWith('.slipway')).toSorted()
}

const prisma = (root: string, ...parts: string[]) => join(root, 'prisma', ...parts)
const migrationSql = (root: string, name: string) =>
  prisma(root, 'migrations', name, 'migration.sql')
const [FIRST = '', LAST = ''] = APPLIED.map(({ name }) => name)

testCases('command line', [
  {
    name: 'an unknown command',
    argv: ['deplpy'],
    code: 'CLI.UNKNOWN_COMMAND',
    next: 'slipway deploy',
  },
  {
    name: 'an unknown flag',
    argv: ['deploy', '--confrim', 'shop'],
    code: 'CLI.UNKNOWN_FLAG',
    says: { why: 'Did you mean `--confirm`?' },
  },
  {
    name: 'an unknown environment',
    argv: ['deploy', '--env', 'stagign'],
    code: 'PROJECT.ENVIRONMENT_UNKNOWN',
    next: '--env staging',
  },
  {
    name: 'an unknown configuration key',
    spoil: (root) =>
      writeFileSync(join(root, 'slipway.config.ts'), 'export default { enviroments: {} }\n'),
    code: 'PROJECT.CONFIG_UNKNOWN_KEY',
    says: { where: { file: 'slipway.config.ts' } },
    next: 'environments',
  },
])

testCases('schema', [
  {
    name: 'no schema',
    spoil: (root) => rmSync(prisma(root, 'schema.prisma')),
    code: 'PROJECT.SCHEMA_MISSING',
    next: '--schema',
  },
  {
    name: 'an invalid schema',
    argv: ['create', 'next'],
    spoil: (root) => {
      const text = `datasource db {\n  provider = "postgresql"\n}\n\n${MODELS.replace('String?', 'Strign?')}`
      writeFileSync(prisma(root, 'schema.prisma'), text)
    },
    code: 'ENGINE.SCHEMA_INVALID',
    says: {
      where: {
        file: 'prisma/schema.prisma',
        line: 8,
        column: 9,
        excerpt: '  name  Strign?\n        ^',
      },
    },
    next: 'prisma/schema.prisma',
  },
  ...(['mysql', 'sqlserver', 'mongodb'] as const).map((provider) => ({
    name: `a schema for ${provider}`,
    spoil: (root: string) =>
      writeFileSync(
        prisma(root, 'schema.prisma'),
        `datasource db {\n  provider = "${provider}"\n}\n`,
      ),
    code: 'PROJECT.PROVIDER_UNSUPPORTED',
    says: { where: { file: 'prisma/schema.prisma' } },
  })),
  {
    name: 'migrations for a database other than that of the schema',
    spoil: (root) =>
      writeFileSync(prisma(root, 'migrations', 'migration_lock.toml'), 'provider = "mysql"\n'),
    code: 'PROJECT.PROVIDER_SWITCHED',
  },
  {
    name: 'a project of Prisma 8',
    spoil: (root) => renameSync(prisma(root, 'schema.prisma'), prisma(root, 'contract.prisma')),
    code: 'PROJECT.PRISMA_8',
    says: { where: { file: 'prisma/contract.prisma' } },
  },
  {
    name: 'a migration of Prisma 8',
    spoil: (root) => {
      mkdirSync(prisma(root, 'migrations', 'next'))
      writeFileSync(prisma(root, 'migrations', 'next', 'ops.json'), '[]')
    },
    code: 'PROJECT.PRISMA_8',
  },
])

testCases('migrations', [
  {
    name: 'no migrations folder',
    spoil: (root) => rmSync(prisma(root, 'migrations'), { recursive: true }),
    code: 'PROJECT.MIGRATIONS_MISSING',
    next: 'slipway create',
  },
  {
    name: 'a folder without migration.sql',
    spoil: (root) => mkdirSync(prisma(root, 'migrations', FINE.name)),
    code: 'PROJECT.MIGRATION_FILE_MISSING',
    next: 'migration.sql',
  },
  {
    name: 'two migrations with the same name',
    spoil: (root) => {
      addMigration(root, FINE)
      addMigration(root, { ...FINE, name: FINE.name.toUpperCase() })
    },
    code: 'PROJECT.MIGRATION_DUPLICATE',
  },
  {
    name: 'a file in Latin-1',
    spoil: (root) => {
      addMigration(root, FINE)
      writeFileSync(migrationSql(root, FINE.name), Buffer.from("SELECT 'Müller';\n", 'latin1'))
    },
    code: 'PROJECT.MIGRATION_NOT_UTF8',
    next: 'UTF-8',
  },
  {
    name: 'a file in UTF-16',
    spoil: (root) => {
      addMigration(root, FINE)
      writeFileSync(migrationSql(root, FINE.name), Buffer.from('\uFEFFSELECT 1;\n', 'utf16le'))
    },
    code: 'PROJECT.MIGRATION_NOT_UTF8',
    next: 'UTF-8',
  },
  {
    name: 'SQL that does not parse, after a valid migration',
    spoil: (root) => {
      addMigration(root, FINE)
      addMigration(root, {
        name: '20260104000000_typo',
        sql: 'SELECT 1;\nCREATE TABEL t (id int);\n',
      })
    },
    code: 'STATEMENTS.SYNTAX',
    says: { where: { line: 2, column: 8, excerpt: 'CREATE TABEL t (id int);\n       ^' } },
    next: '20260104000000_typo/migration.sql',
  },
])

testCases('history', [
  {
    name: 'an edited migration',
    spoil: (root) => {
      addMigration(root, FINE)
      writeFileSync(migrationSql(root, LAST), 'ALTER TABLE "User" ADD COLUMN "name" VARCHAR(9);\n')
    },
    code: 'HISTORY.EDITED',
    next: 'slipway repair',
  },
  {
    name: 'a missing migration',
    spoil: (root) => rmSync(prisma(root, 'migrations', LAST), { recursive: true }),
    code: 'HISTORY.MISSING',
    next: 'slipway repair',
  },
  {
    name: 'a diverged history',
    spoil: (root) => {
      addMigration(root, FINE)
      rmSync(prisma(root, 'migrations', LAST), { recursive: true })
    },
    code: 'HISTORY.DIVERGED',
    next: 'slipway repair',
  },
  {
    name: 'a rollback of a migration whose file is missing',
    argv: ['rollback'],
    spoil: (root) => rmSync(prisma(root, 'migrations', LAST), { recursive: true }),
    code: 'HISTORY.MISSING',
    next: 'branch',
  },
  {
    name: 'a rollback to a migration that was never applied',
    argv: ['rollback', '--to', FIRST.replace('init', 'inti')],
    code: 'ROLLBACK.UNKNOWN_MIGRATION',
  },
])

test('an empty folder', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'slipway-nothing-'))
  const { url } = database
  await refusal({
    argv: ['deploy'],
    cwd,
    url,
    exit: 2,
    code: 'PROJECT.SCHEMA_MISSING',
    unchanged: url,
  })
  rmSync(cwd, { recursive: true })
})
