import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '../../database/index.ts'
import {
  advisoryHolders,
  describeBlocker,
  stoppedFailure,
  type TargetSession,
} from '../../execution/index.ts'
import { advice, type Blocker, otherCommand, rethrow } from '../../kernel/index.ts'
import { raise } from '../failures.ts'

/** Prisma's advisory lock: Prisma's `migrate deploy` and Slipway exclude each other. */
export const MIGRATE_LOCK = 72_707_369
const POLL_MS = 100

/**
 * Runs `work` while this session holds the lock of the database. Tries and polls, never waits in the
 * server: a waiting session's snapshot would deadlock a concurrent index build of the holder.
 * Fails with DEPLOY.LOCKED at the deadline, naming the holders.
 */
export async function withDeployLock<T>(
  session: Session,
  target: Pick<TargetSession, 'deadline' | 'signal' | 'emit'>,
  work: () => Promise<T>,
): Promise<T> {
  const started = performance.now()
  let reportedMs = 0
  while (!(await tryLock(session))) {
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
  try {
    return await work()
  } finally {
    // A broken connection has let go of the lock by itself.
    await session.queryRaw(`SELECT pg_advisory_unlock(${MIGRATE_LOCK})`).catch(() => {})
  }
}

async function tryLock(session: Session): Promise<boolean> {
  const result = await session.queryRaw(`SELECT pg_try_advisory_lock(${MIGRATE_LOCK})`)
  return result.rows[0]?.[0] === 't'
}

function raiseLocked(holders: readonly Blocker[]): never {
  raise('DEPLOY.LOCKED', {
    message: 'Another deploy holds the lock of this database.',
    why:
      holders.length > 0
        ? `Held by ${holders.map(describeBlocker).join('; ')}.`
        : 'Slipway cannot see which session holds it.',
    nextActions: [
      advice('Wait for it to end, then run the command again.'),
      ...holders.map(({ pid }) =>
        otherCommand(
          `SELECT pg_terminate_backend(${pid});`,
          'if the session was left behind, in psql',
        ),
      ),
    ],
  })
}
