export { type BaselineOutcome, type BaselineRequest, refuseNoMigrations } from './baseline.ts'
export { baseline, examine, repair } from './dialects.ts'
export { describeProblem } from './describe-problem.ts'
export {
  type Decision,
  describeStop,
  type Diagnosis,
  type DuplicatedProblem,
  type EditedProblem,
  type FailedProblem,
  type MissingProblem,
  nextActions,
  type Offer,
  type Problem,
  type StopPoint,
} from './diagnosis.ts'
export { repairFailures } from './failures.ts'
export { decisionArgs } from './offers.ts'
export type { RepairOutcome } from './repair.ts'
export type { ExamineRequest, Repairable, RepairRequest } from './request.ts'
export { reset, type ResetOutcome, type ResetRequest } from './reset.ts'
