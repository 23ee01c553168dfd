export { rollbackFailures } from './failures.ts'
export { rollback, type RollbackOutcome, type RollbackRequest } from './rollback.ts'
export type { Extent } from './select.ts'
export type { DownVerdict, PreparedDown, Reversible } from './prepared-down.ts'
