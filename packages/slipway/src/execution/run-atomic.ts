import { ownPinSql } from '../database/index.ts'
import type { Failure } from '../kernel/index.ts'
import type { Migration } from '../statements/index.ts'
import { executeGroup, type Refusal } from './execute-group.ts'
import type { Execution } from './execution.ts'
import { NO_HOOKS } from './hooks.ts'
import { type Attempts, retryOnLockTimeout } from './lock-retry.ts'
import { targetSettingsSql, type TargetSession, timeoutsNow } from './postgres/limits.ts'
import { changesSettings, resetSessionSql } from './postgres/session-reset.ts'
import { doneReceipt, type MigrationOutcome } from './receipt.ts'
import { refusedBy, type RefusalPlace, statementFailure, refusalCode } from './statement-failure.ts'

/**
 * Runs a migration as one transaction with its history row and receipt, in one round trip. A crash at
 * any moment leaves all three or none.
 */
export async function runAtomic(
  target: TargetSession,
  { migration, journal, hooks = NO_HOOKS, observer, review, existing, keeper }: Execution,
): Promise<MigrationOutcome> {
  const { session } = target
  const began = performance.now()
  const { refusal, ...attempts } = await retryOnLockTimeout(
    target,
    migration.name,
    async (lockTimeoutMs, attempt) => {
      const reset = resetSessionSql(session, targetSettingsSql(target))
      const again = changesSettings(migration) ? reset.sql : ''
      return await executeGroup({
        session,
        group: migration.groups[0],
        hooks,
        observer,
        review,
        existing,
        keeper,
        reset,
        timeouts: timeoutsNow(target, lockTimeoutMs),
        record: again + ownPinSql(session) + journal.wholeSql(attempt),
      })
    },
  )
  if (!refusal) return { receipt: doneReceipt(migration, attempts, began) }
  return failedOutcome(migration, refusal, { ...attempts, began })
}

function failedOutcome(
  migration: Migration,
  refusal: Refusal | { readonly failure: Failure },
  { began, ...attempts }: Attempts & { readonly began: number },
): MigrationOutcome {
  const { failure } = refusal
  const place: RefusalPlace = 'error' in refusal ? refusal : {}
  const server = migration.groups.length > 0 ? refusedBy(failure) : undefined
  const stoppedAt = server && place.statement
  return {
    receipt: {
      migration: migration.name,
      status: 'failed',
      ms: Math.round(performance.now() - began),
      ...attempts,
      // The transaction was rolled back: statements that ran did not stay.
      statements: migration.statements.map(({ number, line }) => ({
        statement: number,
        line,
        status: number === stoppedAt?.number ? 'failed' : 'not-run',
      })),
    },
    failure: server ? withStatement(migration, failure, { ...place, server }) : failure,
  }
}

/** The failure with its statement. A full disk or a missing privilege keeps its code and its next steps. */
function withStatement(
  migration: Migration,
  failure: Failure,
  at: Parameters<typeof statementFailure>[2],
): Failure {
  const found = statementFailure(refusalCode(at.server), migration, at)
  if (failure.code === 'DATABASE.STATEMENT') return found
  return { ...found, code: failure.code, nextActions: failure.nextActions }
}
