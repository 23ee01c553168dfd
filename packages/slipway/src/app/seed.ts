import path from 'node:path'
import { type Session, withSession } from '../database/index.ts'
import { createHistoryTables, requireConsent, withTarget } from '../deploy/index.ts'
import { compareHistory, readHistory, refuseNewerLedger } from '../history/index.ts'
import { advice, attempt, command, type Failure, type NextAction } from '../kernel/index.ts'
import { git } from '../project/index.ts'
import {
  chooseSets,
  destroyedBy,
  type EnvironmentSeeds,
  isRepeatableSet,
  projectSeedSets,
  readSeedLedger,
  runSeeds,
  seedFolders,
  type SeedAuthor,
  type SeedFinding,
  type SeedOutcome,
  type SeedSet,
  seedStatus,
  verifySeeds,
  projectNames,
} from '../seeds/index.ts'
import { consentFrom, requirePolicyConsent } from './consent.ts'
import type { AppContext, ConsentOptions } from './context.ts'
import type { UseCaseReturn, ResultFinding } from './outcome.ts'
import {
  alteredFindings,
  editedFindings,
  seededSets,
  type SeededSetResult,
  seedFindings,
  setStatuses,
  type SetStatusResult,
} from './seed-result.ts'
import { userName } from './user-name.ts'
import {
  directAddress,
  readWork,
  type TargetResult,
  targetResult,
  type Work,
  workRequest,
} from './work.ts'

/** The seed sets to use. */
export interface SeedSetOptions {
  /** Names of sets; default: all sets of the environment. */
  readonly sets?: readonly string[] | undefined
}

/** Options of a run of seed sets. */
export interface SeedRunOptions extends ConsentOptions, SeedSetOptions {
  /** Run all sets, report the changes, and roll them back. */
  readonly dryRun?: boolean | undefined
}

/** What a run did with each set. */
export interface SeedRunResult extends TargetResult {
  readonly dryRun: boolean
  readonly sets: readonly SeededSetResult[]
}

/** The sets of the project, compared with those that ran on the target. */
export interface SeedStatusResult extends TargetResult {
  readonly sets: readonly SetStatusResult[]
}

/** The same, with every row that differs. */
export interface SeedVerifyResult extends SeedStatusResult {
  /** Names of the sets that were compared. */
  readonly verified: readonly string[]
  readonly differences: readonly SeedFinding[]
}

const SESSION = { applicationName: 'slipway seed' }

/** Loads the sets of the environment. */
export async function runSets(
  context: AppContext,
  asked: SeedRunOptions,
): Promise<UseCaseReturn<SeedRunResult>> {
  const { dryRun = false, sets = [] } = asked
  const work = await readWork(context)
  if (!dryRun) await requirePolicyConsent(context, work, { ...asked, words: runWords(sets) })
  // The project's code runs before the lock is taken, because it may be slow.
  const all = await projectSeedSets(work.project, loadLimits(context, work))
  const chosen = chooseSets(all, sets, environmentSeeds(work))
  const request = await workRequest(context, work)
  return await withTarget(request, async (session) => {
    if (!dryRun) await createHistoryTables(session, request)
    const outcomes = await runChosenSets(context, work, session, { ...asked, sets: chosen, dryRun })
    const target = targetResult(work, session.server.database)
    return {
      result: { ...target, dryRun, sets: seededSets(outcomes, dryRun) },
      findings: [...editedFindings(outcomes), ...alteredFindings(outcomes)],
      next: chosen.length > 0 ? [] : nextWithout(all, work),
    }
  })
}

/** Advice on how to give the environment a set. */
function nextWithout(all: readonly SeedSet[], { project, target }: Work): NextAction[] {
  const { environment } = target
  if (all.length > 0)
    return [
      advice(
        `Add ${environment} to environments of a set, or add the set to seeds of ${environment} in slipway.config.ts.`,
      ),
    ]
  const folder = path.relative(project.root, seedFolders(project)[0])
  return [
    advice(
      `Write a set in ${folder}: a TypeScript file with defineSeed, or a folder with set.json and a CSV file for each table.`,
    ),
    command(['seed', 'export', '--help'], 'or create a set from the rows of a database'),
  ]
}

function runWords(sets: readonly string[]): string[] {
  return ['seed', 'run', ...sets.flatMap((name) => ['--set', name])]
}

/** The time limit for loading the code of the sets. */
export function loadLimits(
  { signal }: Pick<AppContext, 'signal'>,
  { target }: Pick<Work, 'target'>,
): { readonly signal: AbortSignal; readonly timeoutMs: number } {
  return { signal, timeoutMs: target.policy.deadlineMs }
}

/** The deadline until which the code of the sets may return rows. */
function rowLimits({ signal }: Pick<AppContext, 'signal'>, { target }: Pick<Work, 'target'>) {
  return { signal, deadline: performance.now() + target.policy.deadlineMs }
}

/** Compares the sets with the ledger. Reads no rows. */
export async function compareSets(context: AppContext): Promise<UseCaseReturn<SeedStatusResult>> {
  const work = await readWork(context)
  const sets = await projectSeedSets(work.project, loadLimits(context, work))
  return await withSession(await directAddress(work), SESSION, async (session) => {
    await refuseNewerLedger(session)
    const statuses = seedStatus(sets, await readSeedLedger(session), environmentSeeds(work))
    const target = targetResult(work, session.server.database)
    const next = sets.length > 0 ? [] : nextWithout(sets, work)
    return { result: { ...target, sets: setStatuses(statuses) }, next }
  })
}

/** Compares every row of the sets. Changes nothing. */
export async function verifySets(
  context: AppContext,
  { sets: named = [] }: SeedSetOptions,
): Promise<UseCaseReturn<SeedVerifyResult>> {
  const work = await readWork(context)
  const all = await projectSeedSets(work.project, loadLimits(context, work))
  const of = environmentSeeds(work)
  const sets = chooseSets(all, named, of)
  return await withSession(await directAddress(work), SESSION, async (session) => {
    await refuseNewerLedger(session)
    const names = projectNames(work.project)
    const limits = rowLimits(context, work)
    const found = await verifySeeds(session, { sets, names, emit: context.emit, limits })
    const differences = found.filter(({ kind }) => kind !== 'altered')
    const statuses = seedStatus(sets, await readSeedLedger(session), of).filter(
      ({ set }) => set !== undefined,
    )
    const target = targetResult(work, session.server.database)
    const verified = sets.map(({ name }) => name)
    return {
      result: { ...target, sets: setStatuses(statuses), verified, differences },
      findings: seedFindings(found),
    }
  })
}

/** The user and the commit of a seed run, for the ledger. */
export async function seedAuthor(
  { project }: Pick<Work, 'project'>,
  { server }: Session,
): Promise<SeedAuthor> {
  const commit = (await git(project.root, ['rev-parse', 'HEAD']))?.trim()
  const user = userName()
  return { by: server.user === '' ? user : `${user} as ${server.user}`, commit }
}

/** The seed sets of the target's environment. */
export function environmentSeeds({ target }: Pick<Work, 'target'>): EnvironmentSeeds {
  return { environment: target.environment, seeds: target.policy.seeds }
}

/** Runs seed sets on a target whose lock is held. */
export async function runChosenSets(
  context: Pick<AppContext, 'emit' | 'askConsent' | 'signal'>,
  work: Work,
  session: Session,
  asked: Omit<SeedRunOptions, 'sets'> & { readonly sets: readonly SeedSet[] },
): Promise<readonly SeedOutcome[]> {
  const { sets, dryRun = false } = asked
  if (sets.length === 0) return []
  const { pending } = compareHistory(await readHistory(session), work.migrations)
  const { database, alias } = session.server
  const consented = new Set<string>()
  const request = {
    sets,
    names: projectNames(work.project),
    pending,
    author: await seedAuthor(work, session),
    dryRun,
    consent: async (texts: readonly string[]) => {
      const key = JSON.stringify(texts)
      if (!work.target.protected || consented.has(key)) return
      const question = {
        database,
        alias,
        destroys: texts.map((text) => ({ what: 'table-data' as const, text })),
        command: runWords(sets.map(({ name }) => name)),
      }
      await requireConsent(question, consentFrom(context, asked))
      consented.add(key)
    },
    emit: context.emit,
  }
  // No row is locked during this prompt. If the changes differ afterwards, the user is prompted again.
  const isPrompt = work.target.protected && !dryRun && asked.confirm === undefined
  if (isPrompt && context.askConsent && sets.every(isRepeatableSet)) {
    const limits = rowLimits(context, work)
    for (const { set, tables } of await runSeeds(session, { ...request, limits, dryRun: true })) {
      const destroys = destroyedBy(set, tables)
      if (destroys.length > 0) await request.consent(destroys)
    }
  }
  return await runSeeds(session, { ...request, limits: rowLimits(context, work) })
}

/** The outcome of the seeds after a deploy. */
export interface SeedsAfterDeploy {
  /** Null if they did not run, or did not complete. */
  readonly seeds: readonly SeededSetResult[] | null
  readonly findings: readonly ResultFinding[]
  readonly failure?: Failure
}

/** The outcome if a use case did not reach its seeds, or skips them on request. */
export const SEEDS_SKIPPED: SeedsAfterDeploy = { seeds: null, findings: [] }

/**
 * Runs the seed sets of the environment on a target whose migrations are applied. Does not connect if the
 * project has no sets. A failure is returned, not thrown: the migrations, and sets that ran before, stay.
 */
export async function seedAfterDeploy(
  context: AppContext,
  work: Work,
  options: ConsentOptions,
): Promise<SeedsAfterDeploy> {
  const ran = await attempt(() => seedDeployed(context, work, options))
  if (!ran.ok) return { ...SEEDS_SKIPPED, failure: ran.failure }
  return {
    seeds: seededSets(ran.value, false),
    findings: [...editedFindings(ran.value), ...alteredFindings(ran.value)],
  }
}

async function seedDeployed(
  context: AppContext,
  work: Work,
  options: ConsentOptions,
): Promise<readonly SeedOutcome[]> {
  const sets = chooseSets(
    await projectSeedSets(work.project, loadLimits(context, work)),
    [],
    environmentSeeds(work),
  )
  if (sets.length === 0) return []
  const request = await workRequest(context, work)
  return await withTarget(request, async (session) => {
    await createHistoryTables(session, request)
    return await runChosenSets(context, work, session, { ...options, sets })
  })
}
