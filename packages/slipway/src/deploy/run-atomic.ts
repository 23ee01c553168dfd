import { type Failure, failureOf } from '../kernel/index.ts'
import type { Unit } from '../migration/index.ts'
import type { MigrationPlan } from '../plan/index.ts'
import type { Bookkeeping } from './bookkeeping.ts'
import { type MigrationRun, type Receipt, statementReceipts } from './receipt.ts'
import { failedStatement, type Prefix, refusal, statementFailure } from './statement-failure.ts'
import { type Attempts, statementTimeout, type Supervision, untilLocked } from './supervision.ts'

/** What opens a supervised transaction: its limits hold for the transaction and end with it. */
export function opening(supervision: Supervision): {
  readonly sql: string
  readonly prefix: Prefix
} {
  const sql =
    `BEGIN;\nSET LOCAL lock_timeout = ${supervision.limits.lockTimeoutMs};\n` +
    `SET LOCAL statement_timeout = ${statementTimeout(supervision)};\n`
  return { sql, prefix: { characters: sql.length, commands: 3 } }
}

/**
 * Runs a migration as one transaction with its history row and receipt, in one round trip: after a
 * crash at any moment both are there or neither is.
 */
export async function runAtomic(
  supervision: Supervision,
  plan: MigrationPlan,
  books: Bookkeeping,
): Promise<MigrationRun> {
  const [unit] = plan.units
  const began = performance.now()
  let prefix: Prefix = { characters: 0, commands: 0 }
  let tries = 0
  try {
    const attempts = await untilLocked(supervision, plan.name, async () => {
      tries++
      const open = opening(supervision)
      prefix = open.prefix
      const body = unit ? `${unit.sql}\n;\n` : ''
      await supervision.session.execute(`${open.sql}${body}${books.whole(tries)}COMMIT;`)
    })
    return { receipt: doneReceipt(plan, attempts, began) }
  } catch (error) {
    const failure = failureOf(error)
    if (!failure) throw error
    return failedRun(plan, failure, { unit, prefix, began, tries })
  }
}

/** The receipt of a migration that was done whole. */
export function doneReceipt(plan: MigrationPlan, attempts: Attempts, began: number): Receipt {
  return {
    migration: plan.name,
    status: 'done',
    ms: Math.round(performance.now() - began),
    ...attempts,
    statements: statementReceipts(plan, plan.statements.length, 'done'),
  }
}

function failedRun(
  plan: MigrationPlan,
  failure: Failure,
  at: { unit: Unit | undefined; prefix: Prefix; began: number; tries: number },
): MigrationRun {
  const { unit, prefix, began, tries } = at
  const server = refusal(failure)
  const stopped = unit && server ? failedStatement(unit, server, prefix) : undefined
  return {
    receipt: {
      migration: plan.name,
      status: 'failed',
      ms: Math.round(performance.now() - began),
      attempts: tries,
      lockWaitMs: 0,
      // The transaction was rolled back: statements that ran did not stay.
      statements: plan.statements.map(({ number, line }) => ({
        statement: number,
        line,
        status: number === stopped?.number ? 'failed' : 'not-run',
      })),
    },
    failure: unit && server ? told(plan, failure, { unit, server, prefix }) : failure,
  }
}

/** The failure with its statement. A full disk or a missing right keeps its code and its next steps. */
function told(
  plan: MigrationPlan,
  failure: Failure,
  at: Parameters<typeof statementFailure>[2],
): Failure {
  const timeout = at.server.sqlstate === '57014'
  const code = timeout ? 'DEPLOY.STATEMENT_TIMEOUT' : 'DEPLOY.STATEMENT_FAILED'
  const found = statementFailure(code, plan, at)
  if (failure.code === 'DATABASE.STATEMENT') return found
  return { ...found, code: failure.code, nextActions: failure.nextActions }
}
