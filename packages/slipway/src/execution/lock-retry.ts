import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '../database/index.ts'
import {
  advice,
  attempt,
  type Blocker,
  command,
  type Failure,
  failureFrom,
  failureOf,
  rethrow,
} from '../kernel/index.ts'
import {
  BlockerWatch,
  describeBlocker,
  exclusiveHolders,
  isStillOpen,
  NO_OBSTACLE,
  type Obstacle,
} from './postgres/blockers.ts'
import type { Limits, TargetSession } from './postgres/limits.ts'
import { raise, stoppedFailure } from './run-failures.ts'

const PAUSE_MS = 500
const LONGEST_PAUSE_MS = 5000
/** How often Slipway asks whether the blocking transactions have ended. */
const ASK_EVERY_MS = 100

/** The attempts made, and the time lost to locks. */
export interface Attempts {
  readonly attempts: number
  readonly lockWaitMs: number
}

/** How attempts ended: with a refusal, or without one if they succeeded. */
export interface Retried<R> extends Attempts {
  readonly refusal?: R | { readonly failure: Failure }
}

/**
 * Runs `work` until it gets its locks. An attempt that waits longer than the lock timeout gives up, so that other
 * sessions can proceed; the next one follows when the blocking transactions have ended, or after a pause, until the
 * deadline (DEPLOY.LOCK_TIMEOUT, which names the blockers). A deadlock counts as a lock timeout. `work` gets its
 * lock timeout in milliseconds and the number of the attempt; if it returns a refusal, it must have left nothing
 * behind. Failures call the work `name`.
 */
export async function retryOnLockTimeout<R extends { readonly failure: Failure }>(
  target: TargetSession,
  name: string,
  work: (lockTimeoutMs: number, attempt: number) => Promise<R | undefined>,
): Promise<Retried<R>> {
  const { session, address, limits, signal } = target
  let obstacle = NO_OBSTACLE
  let lockWaitMs = 0
  const watch = new BlockerWatch(address, session.server.pid, (found) => {
    obstacle = found
  })
  const stopListening = cancelOn(signal, session)
  try {
    for (let attempts = 1; ; attempts++) {
      const began = performance.now()
      const made = () => ({ attempts, lockWaitMs: Math.round(lockWaitMs) })
      if (signal.aborted) return { ...made(), ...stopped(`Stopped before ${name}.`) }
      const refusal = await watch.during(work(lockTimeoutOf(attempts, limits), attempts))
      if (!refusal) return made()
      if (signal.aborted) return { ...made(), ...stopped(`Stopped during ${name}.`) }
      if (!isLockTrouble(refusal.failure)) return { ...made(), refusal }
      const pause = pauseBefore(attempts + 1)
      if (performance.now() + pause + limits.lockTimeoutMs > target.deadline) {
        const failure = lockTimeoutFailure(name, attempts, obstacle.blockers)
        return { ...made(), refusal: { failure } }
      }
      emitBlocked(target, { name, attempt: attempts, blockers: obstacle.blockers, pause })
      await waitForOthers(target, obstacle, { attempts, pause })
      lockWaitMs += performance.now() - began
    }
  } finally {
    stopListening()
    await watch.end()
  }
}

/**
 * Runs work that only reads. It waits for locks until the deadline, because no session queues behind a
 * reader; then DEPLOY.LOCK_TIMEOUT names the sessions that hold them. A signal ends the wait.
 */
export async function readFromTarget<T>(
  { session, signal }: Pick<TargetSession, 'session' | 'signal'>,
  work: () => Promise<T>,
): Promise<T> {
  const stopListening = cancelOn(signal, session)
  try {
    return await work()
  } catch (error) {
    const failure = failureOf(error)
    if (!failure) throw error
    if (signal.aborted)
      raise('DEPLOY.STOPPED', { message: 'Stopped while reading the schema.', cause: error })
    if (!isLockTrouble(failure)) throw error
    const blockers = await exclusiveHolders(session)
    return rethrow(lockTimeoutFailure('Reading the schema', 1, blockers), error)
  } finally {
    stopListening()
  }
}

/**
 * The first attempt waits half as long: it usually meets either no other session or a long transaction, and in the
 * second case other sessions queue behind it the whole time.
 */
function lockTimeoutOf(attempts: number, { lockTimeoutMs }: Limits): number {
  return attempts === 1 ? Math.ceil(lockTimeoutMs / 2) : lockTimeoutMs
}

/**
 * Waits until another attempt makes sense. While a blocking transaction is open, an attempt would only make other
 * sessions wait; once it has ended, the second attempt follows immediately, and later ones after their pause. A
 * signal ends the wait early; the caller's loop then stops.
 */
async function waitForOthers(
  { session, signal, limits, deadline }: TargetSession,
  obstacle: Obstacle,
  { attempts, pause }: { readonly attempts: number; readonly pause: number },
): Promise<void> {
  const began = performance.now()
  const known = obstacle.transactions.length > 0
  const least = began + (known && attempts === 1 ? ASK_EVERY_MS : pause)
  // The last attempt must end before the deadline, which would cancel its statement.
  const lastBegin = deadline - 2 * limits.lockTimeoutMs - ASK_EVERY_MS
  const most = Math.min(began + LONGEST_PAUSE_MS, lastBegin)
  for (;;) {
    const ms = Math.max(least - performance.now(), ASK_EVERY_MS)
    await sleep(ms, undefined, { signal }).catch(() => {})
    if (signal.aborted || performance.now() >= most) return
    const asked = await attempt(() => isStillOpen(session, obstacle))
    if (!asked.ok || !asked.value) return
  }
}

/** Grows slowly and at random, so that two deploys do not collide forever. */
function pauseBefore(number: number): number {
  return Math.round(
    Math.min(PAUSE_MS * 1.3 ** (number - 2), LONGEST_PAUSE_MS) * (0.9 + Math.random() * 0.2),
  )
}

function isLockTrouble(failure: Failure): boolean {
  const state = failure.server?.sqlstate
  return state === '55P03' || state === '40P01'
}

function cancelOn(signal: AbortSignal, session: Session): () => void {
  const cancel = () => void session.cancel().catch(() => {})
  signal.addEventListener('abort', cancel, { once: true })
  return () => signal.removeEventListener('abort', cancel)
}

function stopped(message: string): { readonly refusal: { readonly failure: Failure } } {
  return { refusal: { failure: stoppedFailure(message) } }
}

function emitBlocked(
  { emit }: TargetSession,
  blocked: {
    readonly name: string
    readonly attempt: number
    readonly blockers: readonly Blocker[]
    readonly pause: number
  },
): void {
  const { name: migration, attempt: number, blockers, pause } = blocked
  emit({ kind: 'blocked', migration, attempt: number, blockers, retryInMs: pause })
}

function lockTimeoutFailure(name: string, attempts: number, blockers: readonly Blocker[]): Failure {
  const tries = attempts === 1 ? 'one attempt' : `${attempts} attempts`
  return failureFrom('DEPLOY.LOCK_TIMEOUT', {
    message: `${name} did not get its locks in ${tries}.`,
    why:
      blockers.length > 0
        ? `Blocked by ${blockers.map(describeBlocker).join('; ')}.`
        : 'Other sessions held the locks that it needs.',
    nextActions: [
      advice('End the blocking transaction, or wait for it.'),
      command(['deploy'], 'try again'),
    ],
  })
}
