import type { Failure } from '../kernel/index.ts'
import type { MigrationPlan } from '../plan/index.ts'

/** What became of a step. */
export type StepStatus = 'done' | 'failed' | 'not-run'

/** What became of one statement; `line` is that of the file. */
export interface StatementReceipt {
  readonly statement: number
  readonly line: number
  readonly status: StepStatus
}

/** What a deploy or a rollback did with one migration. Times in milliseconds. */
export interface Receipt {
  readonly migration: string
  readonly status: StepStatus
  readonly ms: number
  readonly attempts: number
  /** Time spent in attempts that gave up a lock, and in the pauses between them. */
  readonly lockWaitMs: number
  readonly statements: readonly StatementReceipt[]
}

/** The result of one migration. */
export interface MigrationRun {
  readonly receipt: Receipt
  readonly failure?: Failure
}

/** Statements up to `done` are done, the one after it has `status`, the rest did not run. */
export function statementReceipts(
  plan: MigrationPlan,
  done: number,
  status: StepStatus,
): StatementReceipt[] {
  return plan.statements.map(({ number, line }) => {
    const own = number <= done ? 'done' : number === done + 1 ? status : 'not-run'
    return { statement: number, line, status: own }
  })
}

/** The receipt of a migration that was not reached. */
export function notRun(plan: MigrationPlan): Receipt {
  return {
    migration: plan.name,
    status: 'not-run',
    ms: 0,
    attempts: 0,
    lockWaitMs: 0,
    statements: statementReceipts(plan, 0, 'not-run'),
  }
}
