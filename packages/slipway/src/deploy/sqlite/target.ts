import { atomic, type AtomicSession, type Session, withSession } from '../../database/index.ts'
import type { TargetSession } from '../../execution/index.ts'
import { readSqliteLedger, type SqliteLedger } from '../../history/index.ts'
import { refuseEnvironment } from '../environment.ts'
import type { WorkRequest } from '../target.ts'

/** An open SQLite or D1 database. */
export interface SqliteTarget {
  readonly session: AtomicSession
  readonly ledger: SqliteLedger
}

/**
 * Opens a SQLite or D1 database for work that changes it. There is no lock: each script fails if the history
 * has changed since it was read. Fails with HISTORY.LEDGER_NEWER and DEPLOY.OTHER_ENVIRONMENT.
 */
export async function withSqliteTarget<T>(
  request: WorkRequest,
  work: (target: SqliteTarget) => Promise<T>,
): Promise<T> {
  const options = { applicationName: 'slipway deploy', createFile: !request.protected }
  return await withSession(request.address, options, async (session) => {
    const ledger = await readSqliteLedger(session)
    const forget = `DELETE FROM _slipway_environment WHERE name = '…'`
    refuseEnvironment(ledger.environments, request, { database: session.server.database, forget })
    return await work({ session: atomic(session), ledger })
  })
}

/** Like `withSqliteTarget`, for work that takes a session, as on PostgreSQL. */
export async function withSqliteSession<T>(
  request: WorkRequest,
  work: (session: Session, target: TargetSession) => Promise<T>,
): Promise<T> {
  const { address, limits, signal, emit } = request
  const deadline = performance.now() + request.deadlineMs
  return await withSqliteTarget(request, async ({ session }) =>
    work(session, { session, address, limits, deadline, signal, emit }),
  )
}
