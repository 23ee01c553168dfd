import {
  BrokenCircuitError,
  circuitBreaker,
  ConsecutiveBreaker,
  ExponentialBackoff,
  fullJitterGenerator,
  handleWhen,
  retry as retryWith,
} from 'cockatiel'
import { classifyError, type DatabaseError, type ErrorKind } from '../errors/index.ts'
import { createBudget } from './budget.ts'
import { CircuitOpenError, isCircuitOpen } from './failures.ts'

/** What is retried: an operation of a model or a raw query, or a transaction of `withRetry`. */
export interface RetriedOperation {
  readonly model: string | undefined
  /** `findMany`, `$queryRaw`, `$transaction`. */
  readonly action: string
}

export interface Retry extends RetriedOperation {
  /** 1 for the first retry. */
  readonly attempt: number
  readonly error: DatabaseError
}

/** All times in ms. */
export interface RetryOptions {
  /** The total number of attempts. Default 40; usually the deadline is reached first. */
  readonly maxAttempts?: number
  /** The upper limit of the first pause, which then doubles each time; a pause is random below its limit. Default 25. */
  readonly initialDelay?: number
  /** The highest limit of a pause. Default 250, so that a read continues within a second after the server is back. */
  readonly maxDelay?: number
  /** A failure later than this after the operation began is not retried. Default 5000. */
  readonly deadline?: number
  /** The most retries, as a share of all operations, and in a burst. Default 0.2 and 100. */
  readonly budget?: { readonly ratio: number; readonly burst: number }
  /**
   * After `failures` consecutive operations that found the database unavailable, attempts fail immediately for
   * `openFor`. Then one is tried; if it succeeds, the circuit closes. Default 5 and 250. `false` disables it.
   */
  readonly breaker?: { readonly failures: number; readonly openFor: number } | false
  /**
   * Whether a write has the same effect if it runs twice. Only such writes are retried if the connection was lost
   * before the response. Default: none.
   */
  readonly isIdempotent?: (operation: RetriedOperation) => boolean
  /** Called before the pause that precedes each retry. */
  readonly onRetry?: (retry: Retry) => void
}

/** The state that operations on one database share: budget and circuit breaker. */
export interface RetryPolicy {
  readonly options: RetryOptions
  /** Runs `attempt` until it succeeds, fails permanently, or `mayRetry` rejects its error. */
  run<T>(
    operation: RetriedOperation,
    attempt: () => Promise<T>,
    mayRetry: (error: DatabaseError, thrown: unknown) => boolean,
  ): Promise<T>
}

/** Failures that may not occur again at the next attempt. */
const TRANSIENT: ReadonlySet<ErrorKind> = new Set([
  'conflict',
  'connection-lost',
  'unreachable',
  'read-only',
])

export function createRetryPolicy(options: RetryOptions = {}): RetryPolicy {
  const { maxAttempts = 40, initialDelay = 25, maxDelay = 250, deadline = 5000 } = options
  const budget = createBudget(options.budget?.ratio ?? 0.2, options.budget?.burst ?? 100)
  const guarded = createBreaker(options.breaker)
  const backoff = new ExponentialBackoff({ generator: fullJitterGenerator, initialDelay, maxDelay })

  return {
    options,
    async run(operation, attempt, mayRetry) {
      budget.deposit()
      const begin = performance.now()
      let failed: { readonly error: unknown } | undefined
      try {
        return await guarded(attempt)
      } catch (error) {
        failed = { error }
      }
      let retries = 0
      const shouldRetry = (thrown: unknown) => {
        const error = classifyError(thrown)
        if (!TRANSIENT.has(error.kind) || !mayRetry(error, thrown)) return false
        if (retries + 1 >= maxAttempts || performance.now() - begin > deadline) return false
        // An open circuit costs the database nothing.
        if (!isCircuitOpen(thrown) && !budget.withdraw()) return false
        const { model, action } = operation
        retries++
        options.onRetry?.({ model, action, attempt: retries, error })
        return true
      }
      // The policy is created only for a failed operation, and starts with its failure: a success costs nothing.
      const policy = retryWith(handleWhen(shouldRetry), { maxAttempts: maxAttempts - 1, backoff })
      return await policy.execute(({ attempt: count }) => {
        if (count === 0) throw failed.error
        return guarded(attempt)
      })
    },
  }
}

type Guard = <T>(work: () => Promise<T>) => Promise<T>

function createBreaker(options: RetryOptions['breaker']): Guard {
  if (options === false) return (work) => work()
  const { failures, openFor } = options ?? { failures: 5, openFor: 250 }
  const breaker = circuitBreaker(handleWhen(isUnavailable), {
    halfOpenAfter: openFor,
    breaker: new ConsecutiveBreaker(failures),
  })
  return async (work) => {
    try {
      return await breaker.execute(work)
    } catch (error) {
      if (error instanceof BrokenCircuitError) throw new CircuitOpenError(openFor, error)
      throw error
    }
  }
}

function isUnavailable(error: unknown): boolean {
  const { kind } = classifyError(error)
  return kind === 'unreachable' || kind === 'connection-lost'
}
