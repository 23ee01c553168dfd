import type { Session } from '../database/index.ts'
import { attempt } from '../kernel/index.ts'

/** Runs SQL inside the open transaction. Returns whether it ran; refused SQL is rolled back. */
export async function runsOnTrial(session: Session, sql: string): Promise<boolean> {
  return (await refusalOnTrial(session, sql)) === undefined
}

/** Like `runsOnTrial`, but returns the server's message if it refuses the SQL. */
export async function refusalOnTrial(session: Session, sql: string): Promise<string | undefined> {
  await session.execute('SAVEPOINT slipway_trial')
  const ran = await attempt(() => session.execute(sql))
  await session.execute(
    ran.ok ? 'RELEASE SAVEPOINT slipway_trial' : 'ROLLBACK TO SAVEPOINT slipway_trial',
  )
  return ran.ok ? undefined : (ran.failure.sqlite?.message ?? ran.failure.message)
}
