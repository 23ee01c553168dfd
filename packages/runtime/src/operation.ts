import type { QueryParams } from './prisma.ts'
import { sharedStorage } from './storage.ts'

/**
 * One call of Prisma Client, while it runs. The extensions of this package record here what each of them knows, so
 * that the log and the metrics can report it. Times are in milliseconds.
 */
export interface Operation {
  /** `Carrier`; undefined for a raw query. */
  readonly model: string | undefined
  /** `findMany`, `$queryRaw`. */
  readonly action: string
  readonly args: unknown
  /** Whether it is part of a transaction that the application opened. */
  readonly inTransaction: boolean
  /** Time spent waiting for a connection, if the pool is from `createPool`. */
  poolWait: number
  /** Attempts after the first. */
  retries: number
  /** Where the result came from. */
  source: 'primary' | 'replica' | 'cache'
}

interface RunningOperation extends Operation {
  /** The call as Prisma hands it from extension to extension: the same object in each of them. */
  readonly call: object | undefined
}

const running = sharedStorage<RunningOperation | 'internal'>('operation')

/** The operation in whose course this code runs. */
export function currentOperation(): Operation | undefined {
  const found = running.getStore()
  return found === 'internal' ? undefined : found
}

/**
 * Runs the work of an operation: one that an outer extension has begun, or else a new one. An operation that an extension
 * runs by itself in the course of another is a new one.
 */
export function withOperation(
  params: QueryParams,
  work: (operation: Operation) => Promise<unknown>,
): Promise<unknown> {
  const begun = running.getStore()
  if (begun === 'internal') return params.query(params.args)
  const call = params.__internalParams
  if (begun && begun.call === call) return work(begun)
  const operation: RunningOperation = {
    call,
    model: params.model,
    action: params.operation,
    args: params.args,
    // Read once: an attempt of the actor's is a transaction, too.
    inTransaction: call?.transaction !== undefined,
    poolWait: 0,
    retries: 0,
    source: 'primary',
  }
  return running.run(operation, work, operation)
}

/**
 * Runs a statement of this package's own in a transaction of the application's, such as a setting: it is not an operation
 * of the application.
 */
export function asInternalWork<T>(work: () => PromiseLike<T>): Promise<T> {
  // Prisma's promises are lazy: awaited here, the statement runs here.
  return running.run('internal', async () => await work())
}
