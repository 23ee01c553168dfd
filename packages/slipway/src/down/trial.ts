import type { Session } from '../database/index.ts'
import { attempt } from '../kernel/index.ts'

/** Runs SQL inside the open transaction. What the server refuses leaves nothing. */
export async function runsOnTrial(session: Session, sql: string): Promise<boolean> {
  await session.execute('SAVEPOINT slipway_trial')
  const { ok } = await attempt(() => session.execute(sql))
  await session.execute(
    ok ? 'RELEASE SAVEPOINT slipway_trial' : 'ROLLBACK TO SAVEPOINT slipway_trial',
  )
  return ok
}
