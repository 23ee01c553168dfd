import { setTimeout as sleep } from 'node:timers/promises'
import { executeLocked, lockGuardSql, type Session } from '../../database/index.ts'
import {
  advisoryHolders,
  describeBlocker,
  stoppedFailure,
  type TargetSession,
} from '../../execution/index.ts'
import {
  advice,
  attempt,
  type Blocker,
  command,
  type FailureDetails,
  failureOf,
  type NextAction,
  otherCommand,
  rethrow,
} from '../../kernel/index.ts'
import { raise, raiseDatabase } from '../failures.ts'

/** Prisma's advisory lock: Prisma's `migrate deploy` and Slipway exclude each other. */
export const MIGRATE_LOCK = 72_707_369
const POLL_MS = 100
/** How long, and how often, to try to reach the backend that holds the lock behind a pooler. */
const RELEASE_MS = 5000
const ASK_MS = 20
const RESET_ALL_SQL = 'RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL;\n'

/**
 * Runs `work` while this session holds the deploy lock, and passes it the session with a guard that asserts
 * this. Polls with a try-lock and never waits in the server: a waiting session's snapshot would deadlock a
 * concurrent index build of the holder. Fails with DEPLOY.LOCKED at the deadline, naming the holders, and
 * with DEPLOY.LOCK_NOT_RELEASED if the work was done but the lock cannot be released.
 */
export async function withDeployLock<T>(
  session: Session,
  target: Pick<TargetSession, 'deadline' | 'signal' | 'emit'>,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const pid = await takeLock(session, target)
  const held = { ...session, lockGuard: lockGuardSql(MIGRATE_LOCK, pid) }
  let outcome: T
  try {
    outcome = await work(held)
  } catch (error) {
    await releaseLock(held, pid)
    throw error
  }
  const problem = await releaseLock(held, pid)
  // A failed outcome has its own failure, which says more.
  if (problem && !failureOf(outcome)) raise('DEPLOY.LOCK_NOT_RELEASED', problem)
  return outcome
}

/** Waits for the lock. Returns the process ID of the backend that holds it. */
async function takeLock(
  session: Session,
  target: Pick<TargetSession, 'deadline' | 'signal' | 'emit'>,
): Promise<number> {
  const started = performance.now()
  let reportedMs = 0
  for (;;) {
    const pid = await tryLock(session)
    if (pid !== undefined) return pid
    const waitedMs = performance.now() - started
    const holders =
      waitedMs - reportedMs > 1000 || reportedMs === 0
        ? await advisoryHolders(session, MIGRATE_LOCK)
        : undefined
    if (holders) {
      target.emit({ kind: 'lock-waiting', holders, waitedMs })
      reportedMs = waitedMs || 1
    }
    if (performance.now() > target.deadline)
      raiseLocked(await advisoryHolders(session, MIGRATE_LOCK))
    if (target.signal.aborted) {
      rethrow(stoppedFailure('Stopped while waiting for the lock.'))
    }
    await sleep(POLL_MS + Math.random() * POLL_MS)
  }
}

/**
 * Takes the lock twice, as its guard requires. If the backend already holds the lock, another client of a
 * pooler took it: the server would grant it again, because locks belong to backends.
 */
async function tryLock(session: Session): Promise<number | undefined> {
  const one = `pg_try_advisory_lock(${MIGRATE_LOCK})`
  const { rows } = await session.queryRaw(
    `SELECT pg_backend_pid(), CASE WHEN EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = 0
         AND objid = ${MIGRATE_LOCK} AND objsubid = 1 AND granted AND pid = pg_backend_pid()) THEN 'before'
       WHEN ${one} THEN CASE WHEN ${one} THEN 'taken' END END`,
  )
  const [pid, state] = rows[0] ?? []
  if (state === 'before') raiseHeldBefore(Number(pid))
  return state === 'taken' ? Number(pid) : undefined
}

/**
 * Releases the lock; returns the problem if it cannot. Behind a pooler, first resets the settings of the
 * session, which the next client would get. A pooler that moved the connection may return to the backend, so
 * this retries for a while.
 */
async function releaseLock(session: Session, pid: number): Promise<FailureDetails | undefined> {
  const one = `pg_advisory_unlock(${MIGRATE_LOCK})`
  const until = performance.now() + RELEASE_MS
  if (session.server.pooled) await attempt(() => executeLocked(session, RESET_ALL_SQL))
  for (;;) {
    const asked = await attempt(() =>
      session.queryRaw(
        `SELECT CASE WHEN pg_backend_pid() <> ${pid} THEN 'elsewhere' WHEN NOT ${one} OR NOT ${one} THEN 'lost' END`,
      ),
    )
    // A broken connection has already released the lock.
    if (!asked.ok) return undefined
    const state = asked.value.rows[0]?.[0]
    if (state !== 'elsewhere') return state === 'lost' ? lostDetails() : undefined
    if (performance.now() > until) return notReleasedDetails(pid)
    await sleep(ASK_MS)
  }
}

function lostDetails(): FailureDetails {
  return {
    message: 'Everything was done and recorded, but the deploy lock was released in the meantime.',
    why: 'A statement of a migration released it, or a pooler reset the session. Another deploy could have run at the same time.',
    nextActions: [command(['status'], 'see the state of the database')],
  }
}

function notReleasedDetails(pid: number): FailureDetails {
  return {
    message: 'Everything was done and recorded, but the deploy lock could not be released.',
    why: `A pooler moved the connection away from the backend with the process ID ${pid}, which still holds it.`,
    nextActions: [terminate(pid), DIRECT],
  }
}

function raiseHeldBefore(pid: number): never {
  raiseDatabase('DATABASE.POOLER', {
    message: 'The backend of this connection already holds the deploy lock.',
    why: 'A pooler used this backend for another client, which still holds the lock or did not release it.',
    nextActions: [DIRECT, terminate(pid)],
  })
}

const DIRECT = advice('Set the direct connection as directUrl, or pass it with --url.')

function terminate(pid: number): NextAction {
  return otherCommand(`SELECT pg_terminate_backend(${pid});`, 'in psql, if the session is stale')
}

function raiseLocked(holders: readonly Blocker[]): never {
  raise('DEPLOY.LOCKED', {
    message: 'Another deploy holds the deploy lock of this database.',
    why:
      holders.length > 0
        ? `Held by ${holders.map(describeBlocker).join('; ')}.`
        : 'Slipway cannot see which session holds it.',
    nextActions: [
      advice('Wait for it to end, then run the command again.'),
      ...holders.map(({ pid }) => terminate(pid)),
    ],
  })
}
