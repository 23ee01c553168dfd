export type { Adopted, AdoptRequest } from './adopt.ts'
export { driftFailures } from './failures.ts'
export type { DriftReport, DriftRequest } from './inspect.ts'
export { adoptDrift, inspectDrift } from './dialects.ts'
