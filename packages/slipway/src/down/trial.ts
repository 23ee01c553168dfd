import type { Session } from '../database/index.ts'
import { attempt } from '../kernel/index.ts'

/** Runs SQL inside the open transaction, if the server accepts it. Returns whether it ran. */
export async function runIfAccepted(session: Session, sql: string): Promise<boolean> {
  return (await refusalOf(session, sql)) === undefined
}

/** Like `runIfAccepted`, but returns the server's message if it refuses the SQL. */
export async function refusalOf(session: Session, sql: string): Promise<string | undefined> {
  await session.execute('SAVEPOINT slipway_trial')
  const ran = await attempt(() => session.execute(sql))
  await session.execute(
    ran.ok ? 'RELEASE SAVEPOINT slipway_trial' : 'ROLLBACK TO SAVEPOINT slipway_trial',
  )
  return ran.ok ? undefined : (ran.failure.sqlite?.message ?? ran.failure.message)
}
