import { setTimeout as sleep } from 'node:timers/promises'
import type { Address, Session } from '../database/index.ts'
import {
  advice,
  attempt,
  type Blocker,
  command,
  type Emit,
  type Failure,
  failureOf,
} from '../kernel/index.ts'
import {
  describeBlocker,
  exclusiveHolders,
  goesOn,
  NO_OBSTACLE,
  type Obstacle,
  watchBlockers,
} from './blockers.ts'
import { raise, raiseStopped } from './failures.ts'

const PAUSE_MS = 500
const LONGEST_PAUSE_MS = 5000
/** How often it is asked whether those in the way have ended. */
const ASK_EVERY_MS = 100

/** How long things may take. */
export interface Limits {
  /** Longest wait for a lock, and so the longest that other sessions queue behind us. */
  readonly lockTimeoutMs: number
  readonly statementTimeoutMs: number
}

/** The conditions under which statements run on a target. */
export interface Supervision {
  readonly session: Session
  /** To look at the session from outside. */
  readonly address: Address
  readonly limits: Limits
  /** On the clock of `performance.now()`: when to give up. */
  readonly deadline: number
  readonly signal: AbortSignal
  readonly emit: Emit
}

/** How it went: attempts made, and the time lost to locks. */
export interface Attempts {
  readonly attempts: number
  readonly lockWaitMs: number
}

/**
 * Runs `work` until it gets its locks. An attempt that waits longer than the lock timeout gives up and
 * lets the others pass; it is tried again when those in the way have ended, or after a pause, until the
 * deadline (DEPLOY.LOCK_TIMEOUT, with the blockers by name). A deadlock counts as a lock not had. `work` is
 * told how long it may wait for a lock, in milliseconds, and must leave nothing when it fails.
 */
export async function untilLocked(
  supervision: Supervision,
  migration: string,
  work: (lockTimeoutMs: number) => Promise<void>,
  inTransaction = true,
): Promise<Attempts> {
  const { session, address, limits, deadline, signal, emit } = supervision
  let obstacle = NO_OBSTACLE
  let lockWaitMs = 0
  const stopListening = cancelOn(signal, session)
  try {
    for (let attempts = 1; ; attempts++) {
      const began = performance.now()
      if (signal.aborted) raiseStopped(`Stopped before ${migration}.`)
      try {
        const seen = (found: Obstacle) => {
          obstacle = found
        }
        const working = work(lockTimeoutOf(attempts, limits))
        await watchBlockers(address, session.server.pid, working, seen)
        return { attempts, lockWaitMs: Math.round(lockWaitMs) }
      } catch (error) {
        if (inTransaction) await rollBack(session)
        if (signal.aborted) raiseStopped(`Stopped during ${migration}.`, error)
        if (!isLockTrouble(failureOf(error))) throw error
        const pause = pauseBefore(attempts + 1)
        if (performance.now() + pause + limits.lockTimeoutMs > deadline)
          raiseLockTimeout(migration, attempts, obstacle.blockers, error)
        emit({
          kind: 'blocked',
          migration,
          attempt: attempts,
          blockers: obstacle.blockers,
          retryInMs: pause,
        })
        await waitForOthers(supervision, obstacle, { attempts, pause })
        lockWaitMs += performance.now() - began
      }
    }
  } finally {
    stopListening()
  }
}

/**
 * Runs work that only reads. It waits for locks until the deadline, for a reader queues nobody behind
 * itself; then DEPLOY.LOCK_TIMEOUT names who holds them. A signal ends the wait.
 */
export async function reading<T>(
  { session, signal }: Pick<Supervision, 'session' | 'signal'>,
  work: () => Promise<T>,
): Promise<T> {
  const stopListening = cancelOn(signal, session)
  try {
    return await work()
  } catch (error) {
    if (!failureOf(error)) throw error
    if (signal.aborted)
      raise('DEPLOY.STOPPED', { message: 'Stopped while the catalog was read.', cause: error })
    if (!isLockTrouble(failureOf(error))) throw error
    const blockers = await exclusiveHolders(session)
    return raiseLockTimeout('The look at the catalog', 1, blockers, error)
  } finally {
    stopListening()
  }
}

/**
 * The first attempt waits half as long: it mostly finds either nobody, or a transaction that is long, and then
 * every millisecond is one that others wait behind us.
 */
function lockTimeoutOf(attempts: number, { lockTimeoutMs }: Limits): number {
  return attempts === 1 ? Math.ceil(lockTimeoutMs / 2) : lockTimeoutMs
}

/**
 * Waits until the next attempt is worth it. While a transaction that was in the way goes on, an attempt would only
 * make others wait; once it has ended, the second attempt follows at once, and later ones after their pause. A signal
 * ends the wait early; the next round sees it.
 */
async function waitForOthers(
  { session, signal, limits, deadline }: Supervision,
  obstacle: Obstacle,
  { attempts, pause }: { readonly attempts: number; readonly pause: number },
): Promise<void> {
  const began = performance.now()
  const known = obstacle.transactions.length > 0
  const least = began + (known && attempts === 1 ? ASK_EVERY_MS : pause)
  // The last attempt must end before the deadline, which would cut off its statement.
  const lastBegin = deadline - 2 * limits.lockTimeoutMs - ASK_EVERY_MS
  const most = Math.min(began + LONGEST_PAUSE_MS, lastBegin)
  for (;;) {
    const ms = Math.max(least - performance.now(), ASK_EVERY_MS)
    await sleep(ms, undefined, { signal }).catch(() => {})
    if (signal.aborted || performance.now() >= most) return
    const asked = await attempt(() => goesOn(session, obstacle))
    if (!asked.ok || !asked.value) return
  }
}

/** Grows slowly, with a little chance in it, so that two who collide do not collide for ever. */
function pauseBefore(number: number): number {
  return Math.round(
    Math.min(PAUSE_MS * 1.3 ** (number - 2), LONGEST_PAUSE_MS) * (0.9 + Math.random() * 0.2),
  )
}

function isLockTrouble(failure: Failure | undefined): boolean {
  const state = failure?.server?.sqlstate
  return state === '55P03' || state === '40P01'
}

function cancelOn(signal: AbortSignal, session: Session): () => void {
  const cancel = () => void session.cancel().catch(() => {})
  signal.addEventListener('abort', cancel, { once: true })
  return () => signal.removeEventListener('abort', cancel)
}

async function rollBack(session: Session): Promise<void> {
  // Where no transaction is open this is a warning; where the connection broke, the server has done it.
  await session.execute('ROLLBACK').catch(() => {})
}

function raiseLockTimeout(
  migration: string,
  attempts: number,
  blockers: readonly Blocker[],
  cause: unknown,
): never {
  const tries = attempts === 1 ? 'one attempt' : `${attempts} attempts`
  raise('DEPLOY.LOCK_TIMEOUT', {
    message: `${migration} did not get its locks in ${tries}.`,
    why:
      blockers.length > 0
        ? `Blocked by ${blockers.map(describeBlocker).join('; ')}.`
        : 'Other sessions held what it needs.',
    nextActions: [
      advice('End the blocking transaction, or wait for it.'),
      command(['deploy'], 'try again'),
    ],
    cause,
  })
}

/** What a session waits for locks where nothing else is said: until the deadline. */
export function restingLimits(deadline: number): string {
  return `SET lock_timeout = ${left(deadline)}; RESET statement_timeout;`
}

function left(deadline: number): number {
  return Math.min(Math.max(Math.ceil(deadline - performance.now()), 1), 2 ** 31 - 1)
}

/** The statement timeout that holds now: the limit, or what is left until the deadline. */
export function statementTimeout({ limits, deadline }: Supervision): number {
  const { statementTimeoutMs } = limits
  return statementTimeoutMs === 0 ? left(deadline) : Math.min(statementTimeoutMs, left(deadline))
}
