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

/** What runs, when, and who may know how it is. */
export interface ScheduledRuns {
  /** A pattern of cron, in the time zone of this process. Six fields begin with the second. */
  readonly every: string
  /** Only one process at a time follows a schedule with this file. */
  readonly lockFile: string
  /** A file that always has the `Health`. A process that starts later learns from it which run was missed. */
  readonly healthFile?: string | undefined
  /** A port on 127.0.0.1 for `GET /health`: 200 while all is well, otherwise 503. */
  readonly port?: number | undefined
  /** How long after its time a run may begin or end, in milliseconds; 5 minutes if absent. */
  readonly graceMs?: number | undefined
  /** Ends the schedule. A run is ended by the same signal, and waited for. */
  readonly signal: AbortSignal
  /** Makes one backup. It throws if it fails, and ends cleanly at the signal. */
  readonly run: (signal: AbortSignal) => Promise<void>
  /** Hears of each run that ended: to print it, and to notify. */
  readonly onEnd?: (run: EndedRun) => Promise<void> | void
  /** For tests: the time of day, which can jump. */
  readonly clock?: Clock
}

/** A run that ended. */
export interface EndedRun extends LastRun {
  /** How the one before ended; undefined if there was none. */
  readonly previous: LastRun['outcome'] | undefined
  /** What it failed with. */
  readonly error?: unknown
}

/** The time of day, in milliseconds since 1970, and a pause that the signal ends without an error. */
export interface Clock {
  readonly now: () => number
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>
}

const GRACE_MS = 5 * 60_000
/** The clock is read again so often: it can jump, and the machine can sleep. */
const LOOK_MS = 15_000

const systemClock: Clock = {
  now: () => Date.now(),
  pause: async (ms, signal) => await sleep(ms, undefined, { signal }).catch(() => {}),
}

/**
 * Follows a schedule until the signal. Two runs never overlap. If times passed because the machine slept, a run took long, or
 * no process followed the schedule, one run replaces them. A run that fails does not end the schedule.
 * Fails with BACKUP.SCHEDULE_INVALID or BACKUP.RUNNING before the first run.
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
  /** From when the next time is counted: when the last run began, or when the schedule did. */
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
      refuseHealthFile(healthFile, error)
    }
    while (!signal.aborted) {
      const wait = this.#due() - this.#clock.now()
      if (wait > 0) await this.#clock.pause(Math.min(wait, LOOK_MS), signal)
      else await this.#run()
    }
  }

  /** When the next run is due. A clock that was set back does not delay it: then the time counts from now. */
  #due(): number {
    this.#since = Math.min(this.#since, this.#clock.now())
    // Checked before: each pattern has a next time.
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
    // What the signal ended says nothing of the backups: the next start makes this run again.
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

  /** A full disk ends no schedule. Who reads the old file sees that its next time has passed. */
  #writeHealth(): void {
    try {
      writeHealthFile(this.#request.healthFile, this.health())
    } catch {}
  }
}

/** Code and sentence of what a run failed with. */
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

function refuseHealthFile(healthFile: string | undefined, error: unknown): never {
  return raise('BACKUP.SCHEDULE_INVALID', {
    message: `The health file ${healthFile} cannot be written.`,
    why: `The system says ${(error as NodeJS.ErrnoException).code}.`,
    nextActions: [advice('Name a file in a folder that this user may write to.')],
  })
}

/** The files that this process has locked. */
const held = new Set<string>()

function takeLock(lockFile: string): () => void {
  mkdirSync(path.dirname(lockFile), { recursive: true })
  // In a container each process has the same id: what has it was left by the one before.
  if (!held.has(lockFile) && ownerOf(lockFile) === process.pid) rmSync(lockFile, { force: true })
  const release = held.has(lockFile) ? undefined : takeFolderLock(lockFile)
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

function ownerOf(lockFile: string): number | undefined {
  try {
    return Number(readFileSync(lockFile, 'utf8'))
  } catch {
    return undefined
  }
}
