import type { QueryParams } from './prisma.ts'
import { sharedStorage } from './storage.ts'

/**
 * A running call of Prisma Client. The extensions of this package record here what they know, so that the log and the
 * metrics can report it. Times are in milliseconds.
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
  /** The call as Prisma passes it from extension to extension: the same object in each of them. */
  readonly call: object | undefined
}

const running = sharedStorage<RunningOperation | 'internal'>('operation')

/** The operation within which this code runs. */
export function currentOperation(): Operation | undefined {
  const found = running.getStore()
  return found === 'internal' ? undefined : found
}

/**
 * Runs `work` in the operation that an outer extension began, otherwise in a new one. A query that an extension itself
 * sends is a new operation.
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
    // Read only once: an attempt of the actor extension is a transaction, too.
    inTransaction: call?.transaction !== undefined,
    poolWait: 0,
    retries: 0,
    source: 'primary',
  }
  return running.run(operation, work, operation)
}

/**
 * Runs one of this package's statements, such as a setting, in a transaction of the application: it does not count
 * as an operation of the application.
 */
export function asInternalWork<T>(work: () => PromiseLike<T>): Promise<T> {
  // Prisma's promises are lazy: the await runs the statement here.
  return running.run('internal', async () => await work())
}
