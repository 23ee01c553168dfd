import type { JournalEntry } from '../history/index.ts'
import { command, type Failure, failureOf } from '../kernel/index.ts'
import type { Migration } from '../statements/index.ts'
import type { Execution } from './execution.ts'
import { failureInRun } from './failure-in-run.ts'
import type { TargetSession } from './postgres/limits.ts'
import { readDataObjects } from './postgres/read-effects.ts'
import { type MigrationOutcome, notRun, type Receipt } from './receipt.ts'
import { runAtomic } from './run-atomic.ts'
import { runSteps } from './run-steps.ts'
import { isSessionLost } from './statement-failure.ts'

/** The result of running migrations: a receipt for each, and the failure that ended the run, if there was one. */
export interface RunOutcome {
  readonly receipts: readonly Receipt[]
  readonly failure?: Failure
}

/**
 * Executes migrations on a target, in their order until one fails. Never throws for a failed statement: the
 * receipts say what was done, what failed and what was not run.
 */
export async function runMigrations(
  target: TargetSession,
  executions: readonly Execution[],
  entries: readonly JournalEntry[],
): Promise<RunOutcome> {
  const receipts: Receipt[] = []
  const total = executions.length
  const isReviewed = executions.some(({ review }) => review !== undefined)
  const existing = isReviewed ? await readDataObjects(target.session) : undefined
  for (const [index, execution] of executions.entries()) {
    const { name } = execution.migration
    target.emit({ kind: 'migration-started', migration: name, index, total })
    const { receipt, failure } = await runMigration(target, { ...execution, existing }, entries)
    receipts.push(receipt)
    if (failure) {
      target.emit({ kind: 'migration-failed', migration: name, code: failure.code })
      receipts.push(...executions.slice(index + 1).map(({ migration }) => notRun(migration)))
      const place = { direction: execution.journal.direction, done: index, left: total - index }
      return { receipts, failure: failureInRun(failure, place) }
    }
    const { ms, attempts } = receipt
    target.emit({ kind: 'migration-done', migration: name, ms, attempts })
  }
  return { receipts }
}

async function runMigration(
  target: TargetSession,
  execution: Execution,
  all: readonly JournalEntry[],
): Promise<MigrationOutcome> {
  const { migration, journal } = execution
  const began = performance.now()
  const entries = all.filter(
    (entry) => entry.migration === migration.name && entry.direction === journal.direction,
  )
  const whole = migration.atomic && entries.length === 0
  try {
    const outcome = whole
      ? await runAtomic(target, execution)
      : await runSteps(target, execution, entries)
    const { receipt, failure } = outcome
    return failure ? { receipt, failure: interruptedFailure(failure, migration, whole) } : outcome
  } catch (error) {
    const raised = failureOf(error)
    if (!raised) throw error
    const ms = Math.round(performance.now() - began)
    const failure = interruptedFailure(raised, migration, whole)
    return { receipt: { ...notRun(migration), status: 'failed', ms, attempts: 1 }, failure }
  }
}

/**
 * Adds to the failure of an interrupted session what happened to the running migration. One that runs step by step has
 * begun, and can be continued. One that runs as one transaction does nothing once the lock is lost.
 */
function interruptedFailure(failure: Failure, { name }: Migration, whole: boolean): Failure {
  if (!isSessionLost(failure) || (whole && failure.code === 'DATABASE.LOCK_LOST')) return failure
  const message = `${name} was interrupted. ${failure.message}`
  const next = [command(['status'], 'see what is applied'), command(['deploy'], 'continue')]
  if (!whole) return { ...failure, code: 'DEPLOY.INCOMPLETE', message, nextActions: next }
  const why = 'It ran as one transaction: the server committed all of it, or rolled all of it back.'
  return { ...failure, code: 'DEPLOY.CONNECTION_LOST', message, why, nextActions: next }
}
