import type { Session } from '../port.ts'

/** A setting that does not exist: reading it is an error with its name, in every language of the server. */
const LOST = 'slipway.lock_lost'

/**
 * SQL that fails (DATABASE.LOCK_LOST) unless the server runs it in the backend `pid` and this backend holds the advisory
 * lock `key`: one command without a table, because it is sent with every transaction. The lock must have been taken twice.
 * One of the two is given back and taken again, which succeeds only while it is held, and never lets go of it. To ask
 * pg_locks would copy the locks of all sessions. Its names are qualified: the session may have any search path.
 */
export function lockGuardSql(key: number, pid: number): string {
  const held =
    `CASE WHEN pg_catalog.pg_backend_pid() = ${pid} THEN CASE WHEN pg_catalog.pg_advisory_unlock(${key}) ` +
    `THEN pg_catalog.pg_try_advisory_lock(${key}) END END`
  return `SELECT CASE WHEN ${held} THEN '' ELSE pg_catalog.current_setting('${LOST}') END;\n`
}

/** Whether an error of the server is that of the guard. */
export function isLockLost(error: {
  readonly code?: string | undefined
  readonly message: string
}): boolean {
  return error.code === '42704' && error.message.includes(LOST)
}

/**
 * Executes a script, as `session.execute` does; on a session that must hold the lock of the database only while it holds
 * it, else it fails with DATABASE.LOCK_LOST and nothing of the script has run. A script of one message without BEGIN is
 * one transaction with the guard; one that begins with BEGIN has the guard in its transaction.
 */
export async function executeLocked(session: Session, script: string): Promise<void> {
  await session.execute((session.lockGuard ?? '') + script)
}
