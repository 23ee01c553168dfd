import type { Address, Session } from '../../database/index.ts'
import type { Emit } from '../../kernel/index.ts'

/** How long things may take. */
export interface Limits {
  /** Longest wait for a lock, and so the longest that other sessions queue behind us. */
  readonly lockTimeoutMs: number
  /** 0: until the deadline. */
  readonly statementTimeoutMs: number
}

/** A session on a target, and the limits within which statements run there. */
export interface TargetSession {
  readonly session: Session
  /** To look at the session from outside. */
  readonly address: Address
  readonly limits: Limits
  /** On the clock of `performance.now()`: when to give up. */
  readonly deadline: number
  readonly signal: AbortSignal
  readonly emit: Emit
}

/** The timeouts of one attempt, in milliseconds. */
export interface Timeouts {
  readonly lockTimeoutMs: number
  readonly statementTimeoutMs: number
}

/** The timeouts that hold now: the statement timeout is the limit, or what is left until the deadline. */
export function timeoutsNow(
  { limits, deadline }: Pick<TargetSession, 'limits' | 'deadline'>,
  lockTimeoutMs: number = limits.lockTimeoutMs,
): Timeouts {
  const { statementTimeoutMs: most } = limits
  const left = millisecondsLeft(deadline)
  return { lockTimeoutMs, statementTimeoutMs: most === 0 ? left : Math.min(most, left) }
}

function millisecondsLeft(deadline: number): number {
  return Math.min(Math.max(Math.ceil(deadline - performance.now()), 1), 2 ** 31 - 1)
}

/** SQL of our session's settings on a target outside a migration: it waits for locks until the deadline. */
export function targetSettingsSql({
  session,
  deadline,
}: Pick<TargetSession, 'session' | 'deadline'>): string {
  return `SET lock_timeout = ${millisecondsLeft(deadline)}; SET statement_timeout = 0;${noticeDeathSql(session)}\n`
}

/** From PostgreSQL 14 on, the server can notice during a statement that our process died, and soon frees the lock. */
function noticeDeathSql({ kind, server }: Session): string {
  const can = kind === 'postgres' && server.versionNumber >= 140_000
  return can ? " SET client_connection_check_interval = '500ms';" : ''
}

/** SQL of the timeouts of one transaction: two commands. */
export function localTimeoutsSql({ lockTimeoutMs, statementTimeoutMs }: Timeouts): string {
  return `SET LOCAL lock_timeout = ${lockTimeoutMs};\nSET LOCAL statement_timeout = ${statementTimeoutMs};\n`
}

/** SQL of the timeouts of a statement that runs outside any transaction. */
export function sessionTimeoutsSql({ lockTimeoutMs, statementTimeoutMs }: Timeouts): string {
  return `SET lock_timeout = ${lockTimeoutMs}; SET statement_timeout = ${statementTimeoutMs};\n`
}

/**
 * One command that sets our timeouts again after a file has set its own; stricter timeouts of the file stay. Its
 * names are qualified, because the file may also have set the search path.
 */
export function reassertTimeoutsSql({ lockTimeoutMs, statementTimeoutMs }: Timeouts): string {
  const limits = `('lock_timeout', ${lockTimeoutMs}), ('statement_timeout', ${statementTimeoutMs})`
  return (
    `SELECT pg_catalog.set_config(l.name, l.ms::text, true) FROM (VALUES ${limits}) AS l (name, ms) ` +
    `WHERE l.ms > 0 AND extract(epoch FROM pg_catalog.current_setting(l.name)::interval) * 1000 NOT BETWEEN 1 AND l.ms;\n`
  )
}
