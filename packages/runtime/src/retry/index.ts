export { CircuitOpenError, OutcomeUnknownError } from './failures.ts'
export {
  createRetryPolicy,
  type Retry,
  type RetriedOperation,
  type RetryOptions,
  type RetryPolicy,
} from './policy.ts'
export { retry } from './extension.ts'
export { type TransactionOptions, withRetry } from './transaction.ts'
