export {
  type DeployPlan,
  deployPlan,
  planHash,
  type PlanBasis,
  type PlanStep,
  stepsHash,
  type StepTable,
} from './deploy-plan.ts'
export {
  type AppliedHistory,
  appliedMigrations,
  appliedRows,
  detectChange,
  detectDrift,
  type Drift,
  type KnownSchema,
  projectScope,
  readKnownSchema,
} from './drift-gate.ts'
export { factsOf } from './facts-of.ts'
export { type PreCheckResult, VIOLATION_LIMIT } from './pre-check.ts'
export { preCheck } from './postgres/run-pre-checks.ts'
export { readTableSizes } from './postgres/table-sizes.ts'
export { looksHarmless, surveyDeploy, type Survey } from './survey.ts'
