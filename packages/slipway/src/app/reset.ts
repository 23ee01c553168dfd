import type { Receipt } from '../execution/index.ts'
import { reset } from '../repair/index.ts'
import { projectSeedSets } from '../seeds/index.ts'
import { consentFrom } from './consent.ts'
import type { AppContext, ConsentOptions } from './context.ts'
import { type KeptResult, keptResult } from './kept-result.ts'
import type { UseCaseReturn } from './outcome.ts'
import type { SeededSetResult } from './seed-result.ts'
import { loadLimits, SEEDS_SKIPPED, seedAfterDeploy } from './seed.ts'
import { readWork, type TargetResult, targetResult, workRequest } from './work.ts'

/** Options of a reset. */
export interface ResetOptions extends ConsentOptions {
  /** Do not run the seed sets of the environment. */
  readonly noSeed?: boolean | undefined
}

/** What was dropped, deployed and seeded. */
export interface ResetResult extends TargetResult {
  /** The names of the dropped schemas. */
  readonly dropped: readonly string[]
  /** Kept data that was also dropped. */
  readonly droppedKept: readonly KeptResult[]
  readonly receipts: readonly Receipt[]
  readonly verified: boolean | null
  readonly seeds: readonly SeededSetResult[] | null
}

/** Empties a development, testing or embedded database, deploys again and seeds. */
export async function resetDatabase(
  context: AppContext,
  asked: ResetOptions,
): Promise<UseCaseReturn<ResetResult>> {
  const work = await readWork(context)
  // A set that cannot be read is reported before anything is dropped.
  if (!asked.noSeed) await projectSeedSets(work.project, loadLimits(context, work))
  const request = await workRequest(context, work)
  const consent = consentFrom(context, asked)
  const done = await reset({ ...request, consent })
  const { database, dropped, deploy } = done
  const { receipts, verification, failure } = deploy
  const seeded =
    failure || asked.noSeed ? SEEDS_SKIPPED : await seedAfterDeploy(context, work, asked)
  const result = {
    ...targetResult(work, database),
    dropped,
    droppedKept: done.droppedKept.map(keptResult),
    receipts,
    verified: verification?.verified ?? null,
    seeds: seeded.seeds,
  }
  return { result, findings: seeded.findings, failure: failure ?? seeded.failure }
}
