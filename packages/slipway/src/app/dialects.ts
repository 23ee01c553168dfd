import type { ByDialect } from '../database/index.ts'
import type { Project } from '../project/index.ts'
import { configTemplate } from './config-template.ts'
import type { DatabaseUsage } from './database-usage.ts'
import { SCRIPTS } from './package-scripts.ts'
import { IGNORED, type MakeSetup, type Setup } from './setup.ts'
import type { Work } from './work.ts'

const SETUPS: ByDialect<() => Promise<MakeSetup>> = {
  postgres: async () => async (project, environments) => ({
    config: configTemplate(environments),
    ignored: [{ folder: project.root, lines: IGNORED }],
    scripts: SCRIPTS,
    next: 'Set the connection string of each environment in slipway.config.ts.',
  }),
  sqlite: async () => (await import('./sqlite/setup.ts')).sqliteSetup,
}

/** The files and settings that `init` writes into a project with these environments. */
export async function setupOf(project: Project, environments: readonly string[]): Promise<Setup> {
  const make = await SETUPS[project.schema.dialect]()
  return await make(project, environments)
}

const USAGES: ByDialect<(work: Work) => Promise<DatabaseUsage | null>> = {
  postgres: async () => null,
  sqlite: async (work) => await (await import('./sqlite/usage.ts')).readUsage(work),
}

/** The usage of the target's database; null on PostgreSQL, for which `inspect` shows more. */
export async function usageOf(work: Work): Promise<DatabaseUsage | null> {
  return await USAGES[work.project.schema.dialect](work)
}
