export { type Adopted, adoptDrift, type AdoptRequest } from './adopt.ts'
export type { ColumnOrder } from './column-order.ts'
export { driftFailures } from './failures.ts'
export { type DriftReport, type DriftRequest, inspectDrift } from './inspect.ts'
