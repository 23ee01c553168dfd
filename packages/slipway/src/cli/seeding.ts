import os from 'node:os'
import type { Session } from '../database/index.ts'
import { prepareBooks, requireConsent, withTarget } from '../deploy/index.ts'
import { compareHistory, readHistory } from '../history/index.ts'
import { attempt } from '../kernel/index.ts'
import { git, schemaNames } from '../project/index.ts'
import {
  chooseSets,
  type EnvironmentSeeds,
  projectSeedSets,
  runSeeds,
  type SeedAuthor,
  type SeedOutcome,
} from '../seeds/index.ts'
import type { Context, Input, Report } from './command.ts'
import { editedFindings, outcomeLines, outcomeResults } from './seed-view.ts'
import type { Block } from './view.ts'
import { consentOf, type Work, workRequest } from './work.ts'

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
  const sets = chooseSets(await projectSeedSets(work.project), names, environmentSeeds(work))
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

/** What became of the seeds behind a deploy, as a report has it. */
export interface Seeded extends Pick<Report, 'failure'> {
  /** `seeds` of the result: the `sets` of `seed run`; null where they did not run, or not to their end. */
  readonly seeds: ReturnType<typeof outcomeResults> | null
  readonly view: Block[]
  readonly findings: ReturnType<typeof editedFindings>
}

/** Of a command that did not come to its seeds, or was told to leave them out. */
const NOT_SEEDED: Seeded = { seeds: null, view: [], findings: [] }

/**
 * Runs the seed sets of the environment on a target whose migrations are applied. A project without sets is not
 * connected to. What fails is told, not thrown: the migrations, and sets that ran before, stay.
 */
export async function seedBehind(
  context: Context,
  work: Work,
  { flags, deployed }: Pick<Input, 'flags'> & { readonly deployed: boolean },
): Promise<Seeded> {
  if (!deployed || flags.on('no-seed')) return NOT_SEEDED
  const ran = await attempt(() => seedDeployed(context, work))
  if (!ran.ok) return { ...NOT_SEEDED, failure: ran.failure }
  return {
    seeds: outcomeResults(ran.value, false),
    view: outcomeLines(ran.value),
    findings: editedFindings(ran.value),
  }
}

async function seedDeployed(context: Context, work: Work): Promise<readonly SeedOutcome[]> {
  const sets = chooseSets(await projectSeedSets(work.project), [], environmentSeeds(work))
  if (sets.length === 0) return []
  return await withTarget(await workRequest(context, work), async (session) => {
    await prepareBooks(session)
    return await seedTarget(context, work, session, { names: [], dryRun: false })
  })
}

/** The failure of seeding, as the report of the command has it. */
export function failedSeeds({ failure }: Seeded): Pick<Report, 'failure'> {
  return failure ? { failure } : {}
}
