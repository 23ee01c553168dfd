import { createExtension, type Extension } from '../extension.ts'
import type { Operation } from '../operation.ts'
import { isRead } from '../prisma.ts'
import { createRetryPolicy, type RetryOptions, type RetryPolicy } from './policy.ts'

/**
 * A Prisma extension that retries operations outside transactions: reads after every transient failure; writes only
 * if it is certain that nothing was written, or if `isIdempotent` returns true. Raw queries count as writes. A
 * transaction can only be retried as a whole: see {@link withRetry}.
 *
 * Pass the same policy to `withRetry`, so that both share budget and circuit breaker.
 */
export function retry(policy: RetryPolicy | RetryOptions = {}): Extension {
  const { run, options } = 'run' in policy ? policy : createRetryPolicy(policy)
  return createExtension(() => ({
    name: 'retry',
    onOperation: (operation, next) => {
      if (operation.inTransaction) return next()
      const repeatable = isRead(operation.action) || options.isIdempotent?.(operation) === true
      return run(operation, counted(operation, next), (error) => repeatable || error.nothingChanged)
    },
  }))
}

/** Counts the calls after the first on the operation. */
function counted(operation: Operation, attempt: () => Promise<unknown>): () => Promise<unknown> {
  let calls = 0
  return () => {
    operation.retries = calls++
    return attempt()
  }
}
