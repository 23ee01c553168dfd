import { executeLocked, type RawResult } from '../../database/index.ts'
import { attempt, rethrow } from '../../kernel/index.ts'
import { suggesting } from '../failure-in-run.ts'
import { retryOnLockTimeout } from '../lock-retry.ts'
import { localTimeoutsSql, type TargetSession, timeoutsNow } from './limits.ts'

/** What a query of Slipway is called in failures, and the command that runs it again. */
export interface QueryName {
  readonly name: string
  readonly again: readonly string[]
}

/**
 * Runs one query of Slipway on a target in a transaction of its own, within the limits that migrations have: it
 * gives up a lock that it does not get, and tries again. Fails with the server's failure, DEPLOY.LOCK_TIMEOUT
 * or DEPLOY.STOPPED; then nothing is changed.
 */
export async function queryWithinLimits(
  target: TargetSession,
  { name, again }: QueryName,
  sql: string,
): Promise<RawResult> {
  const { session } = target
  let result: RawResult = { columns: [], rows: [], affected: 0 }
  const { refusal } = await retryOnLockTimeout(target, name, async (lockTimeoutMs) => {
    const tried = await attempt(async () => {
      await executeLocked(
        session,
        `BEGIN;\n${localTimeoutsSql(timeoutsNow(target, lockTimeoutMs))}`,
      )
      result = await session.queryRaw(sql)
      await session.execute('COMMIT')
    })
    if (tried.ok) return undefined
    await session.execute('ROLLBACK').catch(() => {})
    return tried
  })
  if (!refusal) return result
  const nextActions = suggesting(again, refusal.failure.nextActions)
  return rethrow({ ...refusal.failure, nextActions })
}
