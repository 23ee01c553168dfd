import { executeLocked, type RawResult } from '../../database/index.ts'
import { attempt, rethrow } from '../../kernel/index.ts'
import { replaceDeployCommand } from '../failure-in-run.ts'
import { retryOnLockTimeout } from '../lock-retry.ts'
import { localTimeoutsSql, type TargetSession, timeoutsNow } from './limits.ts'

/** The name of one of Slipway's queries in failures, and the command that runs it again. */
export interface QueryName {
  readonly name: string
  readonly again: readonly string[]
}

/**
 * Runs one of Slipway's queries on a target in its own transaction, within the limits of migrations: if it does not
 * get a lock in time, it gives up and tries again. Fails with the server's failure, DEPLOY.LOCK_TIMEOUT or
 * DEPLOY.STOPPED; then nothing is changed.
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
  const nextActions = replaceDeployCommand(again, refusal.failure.nextActions)
  return rethrow({ ...refusal.failure, nextActions })
}
