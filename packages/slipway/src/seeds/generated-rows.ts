import { advice, failureOf, type Place } from '../kernel/index.ts'
import { describeCodeError } from '../project/index.ts'
import { raise } from './failures.ts'
import type { RowSource } from './rows.ts'
import type { SeedRow, SeedRows } from './set.ts'

/** Limits that interrupt the generation of rows. */
export interface RowLimits {
  readonly signal: AbortSignal
  /** On the clock of `performance.now()`. */
  readonly deadline: number
}

/**
 * Rows that code generates. An error or an invalid row is a failure of the set; code that hangs is
 * interrupted.
 */
export async function* generateRows(
  rows: SeedRows<SeedRow>,
  source: RowSource,
): AsyncGenerator<SeedRow> {
  const watch = watchOf(source)
  let iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined
  let count = 0
  try {
    const given = typeof rows === 'function' ? await watch.wait(rows()) : rows
    iterator = iteratorOf(given)
    for (;;) {
      const next = iterator.next()
      const step = isThenable(next) ? await watch.wait(next) : next
      if (step.done) break
      const row = isThenable(step.value) ? await watch.wait(step.value) : step.value
      count++
      watch.check()
      yield isRow(row) ? row : refuseRow(source, count)
    }
    iterator = undefined
  } catch (error) {
    return failureOf(error) ? rethrown(error) : refuseCode(source, error)
  } finally {
    watch.end()
    // A generator that hangs does not answer, so it is not awaited.
    if (iterator?.return) void Promise.resolve(iterator.return()).catch(() => {})
  }
}

function rethrown(error: unknown): never {
  throw error
}

function iteratorOf(rows: unknown): Iterator<unknown> | AsyncIterator<unknown> {
  if (typeof rows === 'object' && rows !== null) {
    if (Symbol.asyncIterator in rows)
      return (rows as AsyncIterable<unknown>)[Symbol.asyncIterator]()
    if (Symbol.iterator in rows) return (rows as Iterable<unknown>)[Symbol.iterator]()
  }
  throw new TypeError('rows gives neither a list nor a generator')
}

function isThenable<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value
}

function isRow(value: unknown): value is SeedRow {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

interface Watch {
  /** Waits for code of the project, at most until a limit. */
  wait<T>(work: T | PromiseLike<T>): Promise<T>
  /** Fails if a limit is reached. */
  check(): void
  end(): void
}

/** Shares one listener and one timer among all rows, because rows are awaited one at a time. */
function watchOf(source: RowSource): Watch {
  const { limits } = source
  if (limits === undefined)
    return { wait: async (work) => await work, check: () => {}, end: () => {} }
  const { signal, deadline } = limits
  let interrupt: (() => void) | undefined
  const onStop = () => interrupt?.()
  let timer: ReturnType<typeof setTimeout> | undefined
  // A timer may fire up to a millisecond early, and cannot be longer than LONGEST_MS.
  const onTime = () => {
    const leftMs = Math.ceil(deadline - performance.now())
    if (leftMs > 0) timer = setTimeout(onTime, Math.min(leftMs, LONGEST_MS))
    else interrupt?.()
  }
  onTime()
  signal.addEventListener('abort', onStop)
  const check = () => {
    if (signal.aborted) refuseStopped(source)
    if (performance.now() >= deadline) refuseLate(source)
  }
  return {
    check,
    async wait<T>(work: T | PromiseLike<T>): Promise<T> {
      check()
      try {
        return await new Promise<T>((resolve, reject) => {
          interrupt = () => {
            try {
              check()
            } catch (error) {
              reject(error)
            }
          }
          Promise.resolve(work).then(resolve, reject)
        })
      } finally {
        interrupt = undefined
      }
    },
    end() {
      clearTimeout(timer)
      signal.removeEventListener('abort', onStop)
    },
  }
}

/** The longest delay of a timer. */
const LONGEST_MS = 2_147_483_647

/** The rows as messages call them. */
function rowsText({ table, set }: RowSource): string {
  return `the rows of ${table.name ?? 'a table'}${set ? ` in ${set.name}` : ''}`
}

function placeIn({ set }: RowSource): Place {
  return set ? { file: set.file } : {}
}

function refuseStopped(source: RowSource): never {
  return raise('SEEDS.STOPPED', {
    message: `Stopped while code was generating ${rowsText(source)}.`,
    why: 'None of the set was written.',
    where: placeIn(source),
  })
}

function refuseLate(source: RowSource): never {
  return raise('SEEDS.DEADLINE', {
    message: `The code for ${rowsText(source)} was still generating rows at the deadline.`,
    why: 'A generator does not end, or waits for something that never happens. None of the set was written.',
    nextActions: [
      advice(
        'Correct the generator, or raise the deadline of the environment in slipway.config.ts.',
      ),
    ],
    where: placeIn(source),
  })
}

function refuseRow(source: RowSource, row: number): never {
  return raise('SEEDS.ROW_INVALID', {
    message: `Row ${row} of ${rowsText(source)} is not an object.`,
    nextActions: [advice('Nothing was written. Each row must be an object with its fields.')],
    where: placeIn(source),
  })
}

function refuseCode(source: RowSource, error: unknown): never {
  const { reason, place, next } = describeCodeError(error)
  return raise('SEEDS.CODE_FAILED', {
    message: `The code that generates ${rowsText(source)} failed.`,
    why: `${reason} None of the set was written.`,
    nextActions: [next ?? advice('Correct it and run the seeds again.')],
    where: place ?? placeIn(source),
    cause: error,
  })
}
