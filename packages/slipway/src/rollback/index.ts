export { rollbackFailures } from './failures.ts'
export { rollback, type RollbackOutcome, type RollbackRequest } from './rollback.ts'
export type { Extent } from './select.ts'
export type { Rehearsal, Reversible, WayBack } from './way-back.ts'
