export { type Adopted, adoptDrift, type AdoptRequest } from './adopt.ts'
export { driftFailures } from './failures.ts'
export { type DriftReport, type DriftRequest, inspectDrift } from './inspect.ts'
