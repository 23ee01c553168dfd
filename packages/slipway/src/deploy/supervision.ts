import { setTimeout as sleep } from 'node:timers/promises'
import type { Address, Session } from '../database/index.ts'
import {
  advice,
  type Blocker,
  command,
  type Emit,
  type Failure,
  failureOf,
} from '../kernel/index.ts'
import { describeBlocker, exclusiveHolders, watchBlockers } from './blockers.ts'
import { raise, raiseStopped } from './failures.ts'

const PAUSE_MS = 500

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
 * lets the others pass; after a pause it is tried again, until the deadline (DEPLOY.LOCK_TIMEOUT, with
 * the blockers by name). A deadlock counts as a lock not had. `work` must leave nothing when it fails.
 */
export async function untilLocked(
  supervision: Supervision,
  migration: string,
  work: () => Promise<void>,
  inTransaction = true,
): Promise<Attempts> {
  const { session, address, limits, deadline, signal, emit } = supervision
  let lastBlockers: readonly Blocker[] = []
  let lockWaitMs = 0
  const stopListening = cancelOn(signal, session)
  try {
    for (let attempts = 1; ; attempts++) {
      const began = performance.now()
      if (signal.aborted) raiseStopped(`Stopped before ${migration}.`)
      try {
        const seen = (blockers: readonly Blocker[]) => {
          lastBlockers = blockers
        }
        await watchBlockers(address, session.server.pid, work(), seen)
        return { attempts, lockWaitMs: Math.round(lockWaitMs) }
      } catch (error) {
        if (inTransaction) await rollBack(session)
        if (signal.aborted) raiseStopped(`Stopped during ${migration}.`, error)
        if (!isLockTrouble(failureOf(error))) throw error
        const pause = pauseBefore(attempts + 1)
        if (performance.now() + pause + limits.lockTimeoutMs > deadline)
          raiseLockTimeout(migration, attempts, lastBlockers, error)
        emit({
          kind: 'blocked',
          migration,
          attempt: attempts,
          blockers: lastBlockers,
          retryInMs: pause,
        })
        // A signal ends the pause early; the next round sees it.
        await sleep(pause, undefined, { signal }).catch(() => {})
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

/** Grows slowly, with a little chance in it, so that two who collide do not collide for ever. */
function pauseBefore(attempt: number): number {
  return Math.round(Math.min(PAUSE_MS * 1.3 ** (attempt - 2), 5000) * (0.9 + Math.random() * 0.2))
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
      command('slipway deploy', 'try again'),
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
