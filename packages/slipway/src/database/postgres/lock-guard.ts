import type { Session } from '../port.ts'

/**
 * A setting that does not exist: the error of reading it contains its name, in every language of the
 * server.
 */
const LOST = 'slipway.lock_lost'

/**
 * SQL that fails (DATABASE.LOCK_LOST) unless the server runs it in the backend `pid` and this backend
 * holds the advisory lock `key`: one command without a table, because it is sent with every transaction.
 * The lock must have been taken twice. One of the two is released and taken again, which succeeds only
 * while the lock is held, and never releases it completely. Reading pg_locks would copy the locks of all
 * sessions. All names are qualified: the session may have any search path.
 */
export function lockGuardSql(key: number, pid: number): string {
  const held =
    `CASE WHEN pg_catalog.pg_backend_pid() = ${pid} THEN CASE WHEN pg_catalog.pg_advisory_unlock(${key}) ` +
    `THEN pg_catalog.pg_try_advisory_lock(${key}) END END`
  return `SELECT CASE WHEN ${held} THEN '' ELSE pg_catalog.current_setting('${LOST}') END;\n`
}

/** Whether an error of the server comes from the guard. */
export function isLockLost(error: {
  readonly code?: string | undefined
  readonly message: string
}): boolean {
  return error.code === '42704' && error.message.includes(LOST)
}

/**
 * Executes a script like `session.execute`. If the session must hold the deploy lock but has lost it,
 * fails with DATABASE.LOCK_LOST, and nothing of the script has run. A script without BEGIN is one
 * transaction together with the guard, and so is one that begins with BEGIN.
 */
export async function executeLocked(session: Session, script: string): Promise<void> {
  await session.execute((session.lockGuard ?? '') + script)
}
