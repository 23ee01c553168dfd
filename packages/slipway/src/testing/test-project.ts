import path from 'node:path'
import { advice, command, sha256 } from '../kernel/index.ts'
import {
  loadProject,
  type MigrationFolder,
  type Project,
  readMigrations,
} from '../project/index.ts'
import { chooseSets, projectSeedSets, type SeedSet } from '../seeds/index.ts'
import { raise } from './failures.ts'

/** The content of test databases. */
export interface TestContent {
  /** The project's folder, or one below it; the working directory if absent. */
  readonly cwd?: string | undefined
  /** Seed sets by name, with those that they depend on; all of the environment `testing` if absent. */
  readonly sets?: readonly string[] | undefined
}

/** A project for its tests: its migrations, and the requested sets. */
export interface TestProject {
  readonly project: Project
  readonly migrations: readonly MigrationFolder[]
  readonly sets: readonly SeedSet[]
}

/** Must change when templates are filled differently, so that older templates are not used. */
const FORMAT = 'testing/1'

/** Reads the project. Fails with TESTING.NOT_SUPPORTED and the codes of `projectFailures` and `seedFailures`. */
export async function readTestProject({ cwd, sets }: TestContent): Promise<TestProject> {
  const project = await loadProject({ cwd: path.resolve(cwd ?? '.'), env: process.env })
  const { dialect, provider } = project.schema
  if (dialect !== 'postgres')
    raise('TESTING.NOT_SUPPORTED', {
      message: `Slipway creates test databases only on PostgreSQL, but the schema has provider = "${provider}".`,
      nextActions: [
        command(['deploy', '--url', 'file:./test.db'], 'create a database once'),
        advice('Give each test a copy of the file.'),
      ],
    })
  const migrations = readMigrations(project.migrationsDir, {
    provider: project.schema.provider,
    layout: project.migrationsLayout,
    mayBeMissing: false,
    downMigrations: false,
  })
  return { project, migrations, sets: await setsOf(project, sets) }
}

async function setsOf(
  project: Project,
  names: readonly string[] | undefined,
): Promise<readonly SeedSet[]> {
  if (names?.length === 0) return []
  const seeds = project.config.environments?.['testing']?.seeds
  const taken = seeds === undefined ? undefined : [seeds].flat().filter((one) => one !== 'none')
  const of = { environment: 'testing', seeds: taken }
  return chooseSets(await projectSeedSets(project), names ?? [], of)
}

/** A hash of everything that determines a template: migrations, seed sets, Prisma schema, default schema. */
export function keyOf({ project, migrations, sets }: TestProject, defaultSchema = ''): string {
  const parts = [
    FORMAT,
    defaultSchema,
    project.initShadowDb ?? '',
    ...project.schema.files.map(({ content }) => content),
    ...migrations.map(({ name, sql }) => `${name} ${sha256(sql)}`),
    ...sets.map(({ name, version, checksum }) => `${name} ${version} ${checksum}`),
  ]
  return sha256(parts.map(sha256).join('\n')).slice(0, 32)
}
