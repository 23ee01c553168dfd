import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cron } from 'croner'
import { advice, type Failure, failureOf, redact, takeFolderLock } from '../kernel/index.ts'
import { raise } from './failures.ts'
import {
  type Health,
  type LastRun,
  readLastRun,
  serveHealth,
  writeHealthFile,
} from './schedule-health.ts'

/** A schedule: what to run, when, and where to report health. */
export interface ScheduledRuns {
  /** A cron pattern, in the time zone of this process. If it has six fields, the first is the second. */
  readonly every: string
  /** The lock file; only one process at a time follows a schedule with this file. */
  readonly lockFile: string
  /** A file with the current `Health`, from which a later process learns whether a run was missed. */
  readonly healthFile?: string | undefined
  /** A port on 127.0.0.1 for `GET /health`: 200 while the status is `ok`, otherwise 503. */
  readonly port?: number | undefined
  /** The time in milliseconds after which a due run counts as overdue; 5 minutes if absent. */
  readonly graceMs?: number | undefined
  /** Ends the schedule, and aborts a current run, which is awaited. */
  readonly signal: AbortSignal
  /** Makes one backup. Throws if it fails, and stops cleanly on the signal. */
  readonly run: (signal: AbortSignal) => Promise<void>
  /** Called after each run, to print the result and to send notices. */
  readonly onEnd?: (run: EndedRun) => Promise<void> | void
  /** For tests: a clock that can jump. */
  readonly clock?: Clock
}

/** A completed run. */
export interface EndedRun extends LastRun {
  /** The outcome of the previous run; undefined if there was none. */
  readonly previous: LastRun['outcome'] | undefined
  /** The error if it failed. */
  readonly error?: unknown
}

/** The time in milliseconds since 1970, and a pause that the signal ends without an error. */
export interface Clock {
  readonly now: () => number
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>
}

const GRACE_MS = 5 * 60_000
/** The interval at which the clock is read again, because it can jump and the machine can sleep. */
const LOOK_MS = 15_000

const systemClock: Clock = {
  now: () => Date.now(),
  pause: async (ms, signal) => await sleep(ms, undefined, { signal }).catch(() => {}),
}

/**
 * Follows a schedule until the signal. Runs never overlap. If times passed because the machine slept, a run
 * took long, or no process followed the schedule, one run replaces them. A failed run does not end the
 * schedule. Fails with BACKUP.SCHEDULE_INVALID or BACKUP.RUNNING before the first run.
 */
export async function runScheduled(request: ScheduledRuns): Promise<void> {
  const times = await cronOf(request.every)
  const release = takeLock(request.lockFile)
  try {
    const follower = new Follower(request, times)
    const close = await serveHealth(request.port, () => follower.health())
    try {
      await follower.follow()
    } finally {
      await close()
    }
  } finally {
    release()
  }
}

class Follower {
  readonly #request: ScheduledRuns
  readonly #times: Cron
  readonly #clock: Clock
  /**
   * The start of the last run, or of the schedule; the next run is due at the first scheduled time after it.
   */
  #since: number
  #runningSince: number | undefined
  #last: LastRun | undefined

  constructor(request: ScheduledRuns, times: Cron) {
    this.#request = request
    this.#times = times
    this.#clock = request.clock ?? systemClock
    this.#last = readLastRun(request.healthFile)
    this.#since = this.#last ? Date.parse(this.#last.startedAt) : this.#clock.now()
  }

  async follow(): Promise<void> {
    const { signal, healthFile } = this.#request
    try {
      writeHealthFile(healthFile, this.health())
    } catch (error) {
      refuseUnwritable(`health file ${healthFile}`, error)
    }
    while (!signal.aborted) {
      const wait = this.#due() - this.#clock.now()
      if (wait > 0) await this.#clock.pause(Math.min(wait, LOOK_MS), signal)
      else await this.#run()
    }
  }

  /** When the next run is due. If the clock was set back, counts from now, so that the run is not delayed. */
  #due(): number {
    this.#since = Math.min(this.#since, this.#clock.now())
    // `cronOf` checked that the pattern has a next time.
    return this.#times.nextRun(new Date(this.#since))?.getTime() ?? Infinity
  }

  async #run(): Promise<void> {
    const { run, signal, onEnd } = this.#request
    const previous = this.#last?.outcome
    const began = this.#clock.now()
    this.#since = began
    this.#runningSince = began
    this.#writeHealth()
    const error = await run(signal).then(
      () => undefined,
      (reason: unknown) => ({ reason }),
    )
    this.#runningSince = undefined
    // An aborted run says nothing about backups; the next process repeats it.
    if (error && signal.aborted) return
    this.#last = {
      outcome: error ? 'failed' : 'ok',
      startedAt: new Date(began).toISOString(),
      endedAt: new Date(this.#clock.now()).toISOString(),
      ...(error ? { failure: shown(error.reason) } : {}),
    }
    this.#writeHealth()
    await onEnd?.({ ...this.#last, previous, ...(error ? { error: error.reason } : {}) })
  }

  health(): Health {
    const due = this.#due()
    const isOverdue = this.#clock.now() > due + (this.#request.graceMs ?? GRACE_MS)
    const isFailed = this.#last?.outcome === 'failed'
    return {
      status: isFailed ? 'failed' : isOverdue ? 'overdue' : 'ok',
      pid: process.pid,
      every: this.#request.every,
      nextAt: new Date(due).toISOString(),
      ...(this.#runningSince === undefined
        ? {}
        : { runningSince: new Date(this.#runningSince).toISOString() }),
      ...(this.#last ? { last: this.#last } : {}),
    }
  }

  /**
   * Ignores errors, so that a full disk does not end the schedule. A reader sees that `nextAt` of the old
   * file has passed.
   */
  #writeHealth(): void {
    try {
      writeHealthFile(this.#request.healthFile, this.health())
    } catch {}
  }
}

/** The code and message of an error, without secrets. */
function shown(error: unknown): Pick<Failure, 'code' | 'message'> {
  const failure = failureOf(error)
  const message = failure?.message ?? (error instanceof Error ? error.message : String(error))
  return { code: failure?.code ?? 'INTERNAL', message: redact(message) }
}

async function cronOf(every: string): Promise<Cron> {
  const { Cron } = await import('croner')
  let why = 'It never occurs again.'
  try {
    const times = new Cron(every, { paused: true })
    if (times.nextRun()) return times
  } catch (error) {
    why = (error as Error).message.replace(/^\w+: /, '')
  }
  return raise('BACKUP.SCHEDULE_INVALID', {
    message: `'${every}' is not a time for a schedule.`,
    why,
    nextActions: [advice("Use a cron expression: '0 3 * * *' is every day at 3:00.")],
  })
}

function refuseUnwritable(file: string, error: unknown): never {
  return raise('BACKUP.SCHEDULE_INVALID', {
    message: `The ${file} cannot be written.`,
    why: `The system says ${(error as NodeJS.ErrnoException).code}.`,
    nextActions: [advice('Name a file in a folder that this user may write to.')],
  })
}

/** The files that this process has locked. */
const held = new Set<string>()

function takeLock(lockFile: string): () => void {
  const release = held.has(lockFile) ? undefined : tryLock(lockFile)
  if (!release) {
    return raise('BACKUP.RUNNING', {
      message: 'Another process runs the scheduled backups.',
      why: `The process ${ownerOf(lockFile) ?? '?'} holds ${lockFile}.`,
      nextActions: [advice('Stop that process, or leave the schedule to it.')],
    })
  }
  held.add(lockFile)
  return () => {
    held.delete(lockFile)
    release()
  }
}

function tryLock(lockFile: string): (() => void) | undefined {
  try {
    mkdirSync(path.dirname(lockFile), { recursive: true })
    // In a container every process has the same ID, so a lock with our own ID was left by an earlier process.
    if (ownerOf(lockFile) === process.pid) rmSync(lockFile, { force: true })
    return takeFolderLock(lockFile)
  } catch (error) {
    return refuseUnwritable(`lock file ${lockFile}`, error)
  }
}

function ownerOf(lockFile: string): number | undefined {
  try {
    return Number(readFileSync(lockFile, 'utf8'))
  } catch {
    return undefined
  }
}
