import type { JournalEntry } from '../history/index.ts'
import { type Failure, failureOf } from '../kernel/index.ts'
import { inRun } from './in-run.ts'
import { type MigrationRun, notRun, type Receipt } from './receipt.ts'
import { runAtomic } from './run-atomic.ts'
import { runStepwise } from './run-stepwise.ts'
import type { MigrationStep } from './step.ts'
import type { Supervision } from './supervision.ts'

/** What running migrations gave: a receipt for each, and the failure that ended it, if one did. */
export interface RunOutcome {
  readonly receipts: readonly Receipt[]
  readonly failure?: Failure
}

/**
 * Runs planned migrations in their order until one fails. Never throws for a failed statement: the
 * receipts say what was done, what failed and what was not run.
 */
export async function runMigrations(
  supervision: Supervision,
  steps: readonly MigrationStep[],
  journal: readonly JournalEntry[],
): Promise<RunOutcome> {
  const receipts: Receipt[] = []
  for (const [index, step] of steps.entries()) {
    const { plan } = step
    supervision.emit({
      kind: 'migration-started',
      migration: plan.name,
      index,
      total: steps.length,
    })
    const run = await runOne(supervision, step, journal)
    receipts.push(run.receipt)
    if (run.failure) {
      supervision.emit({ kind: 'migration-failed', migration: plan.name, code: run.failure.code })
      receipts.push(...steps.slice(index + 1).map((later) => notRun(later.plan)))
      const { direction } = step.books
      const place = { direction, done: index, left: steps.length - index }
      return { receipts, failure: inRun(run.failure, place) }
    }
    const { ms, attempts } = run.receipt
    supervision.emit({ kind: 'migration-done', migration: plan.name, ms, attempts })
  }
  return { receipts }
}

async function runOne(
  supervision: Supervision,
  step: MigrationStep,
  journal: readonly JournalEntry[],
): Promise<MigrationRun> {
  const { plan, books } = step
  const began = performance.now()
  try {
    const entries = journal.filter(
      (entry) => entry.migration === plan.name && entry.direction === books.direction,
    )
    return plan.atomic && entries.length === 0
      ? await runAtomic(supervision, step)
      : await runStepwise(supervision, step, entries)
  } catch (error) {
    const failure = failureOf(error)
    if (!failure) throw error
    const ms = Math.round(performance.now() - began)
    return { receipt: { ...notRun(plan), status: 'failed', ms, attempts: 1 }, failure }
  }
}
