import os from 'node:os'
import path from 'node:path'
import type { Session } from '../database/index.ts'
import { requireConsent } from '../deploy/index.ts'
import { compareHistory, readHistory } from '../history/index.ts'
import { git, schemaNames } from '../project/index.ts'
import {
  chooseSets,
  type EnvironmentSeeds,
  readSeedSets,
  runSeeds,
  type SeedAuthor,
  type SeedOutcome,
  type SeedSet,
} from '../seeds/index.ts'
import type { Context } from './command.ts'
import { consentOf, type Work } from './work.ts'

/** The seed sets of a project, in `seeds` or `seed` beside its schema. */
export async function seedSetsOf(work: Pick<Work, 'project'>): Promise<readonly SeedSet[]> {
  const { project } = work
  const folders = seedFolders(work)
  return await readSeedSets({ root: project.root, folders, environment: project.variables.all() })
}

/** Where sets may stand, in the order of preference. */
export function seedFolders({ project }: Pick<Work, 'project'>): readonly [string, string] {
  const beside = path.dirname(project.migrationsDir)
  return [path.join(beside, 'seeds'), path.join(beside, 'seed')]
}

/** Who runs seeds, as the ledger is to name them. */
export async function seedAuthor(
  { project }: Pick<Work, 'project'>,
  { server }: Session,
): Promise<SeedAuthor> {
  const commit = (await git(project.root, ['rev-parse', 'HEAD']))?.trim()
  return { by: `${os.userInfo().username} as ${server.user}`, commit }
}

/** What the environment of the target takes. */
export function environmentSeeds({ target }: Pick<Work, 'target'>): EnvironmentSeeds {
  return { environment: target.environment, seeds: target.policy.seeds }
}

export interface SeedingOptions {
  /** Those to run; all of the environment where none is named. */
  readonly names: readonly string[]
  readonly dryRun: boolean
}

/** Runs the seed sets of the environment on a target whose lock is held. */
export async function seedTarget(
  context: Context,
  work: Work,
  session: Session,
  { names, dryRun }: SeedingOptions,
): Promise<readonly SeedOutcome[]> {
  const sets = chooseSets(await seedSetsOf(work), names, environmentSeeds(work))
  if (sets.length === 0) return []
  const { pending } = compareHistory(await readHistory(session), work.migrations)
  const { database } = session.server
  return await runSeeds(session, {
    sets,
    names: schemaNames(work.project.schema.files),
    pending,
    author: await seedAuthor(work, session),
    dryRun,
    consent: async (destroys) => {
      if (work.target.protected) await requireConsent({ database, destroys }, consentOf(context))
    },
    emit: context.emit,
  })
}
