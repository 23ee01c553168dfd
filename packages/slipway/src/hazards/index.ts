export { acceptanceHazards } from './accepted.ts'
export type { Facts, TableFacts } from './facts.ts'
export { hazardFailures } from './failures.ts'
export type { Context, Finding, Hazard, JudgedMigration, Rule, Severity } from './hazard.ts'
export { judge, type RuleInfo, rules } from './dialects.ts'
export type { Judging } from './judging.ts'
export type { Blocks, LockMode } from './lock-mode.ts'
export { type Observed, observedHazards } from './observed.ts'
export { outline, type RowWork, type StatementOutline } from './outline.ts'
export {
  type Edit,
  type LeftHazard,
  rewrite,
  type RewrittenHazard,
  type Rewriting,
} from './rewrite.ts'
export { definitionsAsHistory } from './sqlite/definitions-as-history.ts'
export { defineRules } from './define-rules.ts'
export type { Action, ObjectName } from '../statements/index.ts'
