import type { Failure } from '../kernel/index.ts'
import type { Migration } from '../statements/index.ts'

/** The status of a step. */
export type StepStatus = 'done' | 'failed' | 'not-run'

/** The status of one statement; `line` is its line in the file. */
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
export interface MigrationOutcome {
  readonly receipt: Receipt
  readonly failure?: Failure
}

/** Statements up to `done` are done, the one after it has `status`, the rest did not run. */
export function statementReceipts(
  { statements }: Migration,
  done: number,
  status: StepStatus,
): StatementReceipt[] {
  return statements.map(({ number, line }) => {
    const own = number <= done ? 'done' : number === done + 1 ? status : 'not-run'
    return { statement: number, line, status: own }
  })
}

/** The receipt of a migration that was not reached. */
export function notRun(migration: Migration): Receipt {
  return {
    migration: migration.name,
    status: 'not-run',
    ms: 0,
    attempts: 0,
    lockWaitMs: 0,
    statements: statementReceipts(migration, 0, 'not-run'),
  }
}

/** The receipt of a completed migration that began at `began`, on the clock of `performance.now()`. */
export function doneReceipt(
  migration: Migration,
  attempts: Pick<Receipt, 'attempts' | 'lockWaitMs'>,
  began: number,
): Receipt {
  return {
    migration: migration.name,
    status: 'done',
    ms: Math.round(performance.now() - began),
    ...attempts,
    statements: statementReceipts(migration, migration.statements.length, 'done'),
  }
}
