import { command } from '../kernel/index.ts'
import { baseline, type BaselineOutcome, refuseNoMigrations } from '../repair/index.ts'
import { refuseUnknownAccepts } from './accept.ts'
import { requirePolicyConsent } from './consent.ts'
import type { AppContext, ConsentOptions } from './context.ts'
import { type AdoptResult, adoptTarget } from './drift.ts'
import type { UseCaseReturn } from './outcome.ts'
import { readWork, type TargetResult, targetResult, workRequest } from './work.ts'

/** Options of a baseline. */
export interface BaselineOptions extends ConsentOptions {
  /** The last migration that the database has; found by comparison if absent. */
  readonly to?: string | undefined
  /** Findings that are accepted: `drift`. */
  readonly accept?: readonly string[] | undefined
}

/** What was recorded as applied. */
export interface BaselineResult extends TargetResult, Omit<BaselineOutcome, 'database'> {}

/** Records the migrations that a database already has as applied. Runs none. */
export async function recordBaseline(
  context: AppContext,
  asked: BaselineOptions,
): Promise<UseCaseReturn<BaselineResult>> {
  const { accept = [], to } = asked
  refuseUnknownAccepts(accept, ['drift'])
  const work = await readWork(context, { mayLackMigrations: true })
  refuseNoMigrations(work.migrations)
  await requirePolicyConsent(context, work, { ...asked, words: ['baseline'] })
  const request = await workRequest(context, work)
  const outcome = await baseline({ ...request, upTo: to, accept: accept.includes('drift') })
  const { database, recorded, undecided, pending, changes } = outcome
  return {
    result: { ...targetResult(work, database), recorded, undecided, pending, changes },
    next: [
      pending.length > 0
        ? command(['deploy'], 'apply the pending migrations')
        : command(['status'], 'see the status'),
    ],
  }
}

/** Writes the first migration of a project from the schema of the database, and records it. */
export async function writeBaseline(
  context: AppContext,
  name: string,
  asked: ConsentOptions,
): Promise<UseCaseReturn<AdoptResult>> {
  const work = await readWork(context, { mayLackMigrations: true })
  await requirePolicyConsent(context, work, { ...asked, words: ['baseline', '--write', name] })
  return await adoptTarget(context, work, name)
}
