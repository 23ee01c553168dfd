import { type Failure, failureOf } from '../kernel/index.ts'
import type { MigrationPlan } from '../plan/index.ts'
import { NO_COMPANIONS } from '../safekeeping/index.ts'
import {
  type Message,
  messageText,
  NO_MESSAGE,
  openingPiece,
  stopOf,
  groupMessage,
} from '../safekeeping/index.ts'
import { type MigrationRun, type Receipt, statementReceipts } from './receipt.ts'
import { refusal, statementFailure } from './statement-failure.ts'
import type { MigrationStep } from './step.ts'
import { type Attempts, statementTimeout, type Supervision, untilLocked } from './supervision.ts'

/** What opens a supervised transaction: its limits hold for the transaction and end with it. */
export function opening(supervision: Supervision, lockTimeoutMs: number): Message {
  const sql =
    `BEGIN;\nSET LOCAL lock_timeout = ${lockTimeoutMs};\n` +
    `SET LOCAL statement_timeout = ${statementTimeout(supervision)};\n`
  return openingPiece(sql, 3)
}

/**
 * Runs a migration as one transaction with its history row and receipt, in one round trip: after a
 * crash at any moment both are there or neither is.
 */
export async function runAtomic(
  supervision: Supervision,
  { plan, books, companions = NO_COMPANIONS }: MigrationStep,
): Promise<MigrationRun> {
  const [group] = plan.groups
  const began = performance.now()
  let message = NO_MESSAGE
  let tries = 0
  try {
    const attempts = await untilLocked(supervision, plan.name, async (lockTimeoutMs) => {
      tries++
      message = [
        ...opening(supervision, lockTimeoutMs),
        ...(group ? groupMessage(group, companions) : []),
      ]
      await supervision.session.execute(`${messageText(message)}${books.whole(tries)}COMMIT;`)
    })
    return { receipt: doneReceipt(plan, attempts, began) }
  } catch (error) {
    const failure = failureOf(error)
    if (!failure) throw error
    return failedRun(plan, failure, { message, began, tries })
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
  at: { message: Message; began: number; tries: number },
): MigrationRun {
  const { message, began, tries } = at
  const server = plan.groups.length > 0 ? refusal(failure) : undefined
  const stopped = server && stopOf(message, server).statement
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
    failure: server ? told(plan, failure, { server, message }) : failure,
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
