export { advisoryHolders, describeBlocker } from './postgres/blockers.ts'
export { executionFailures, stoppedFailure } from './run-failures.ts'
export type { Effect, Review } from './effects.ts'
export type { Execution } from './execution.ts'
export type { KeeperFindings, Keeper, UnkeptData, TableNames } from './keeper.ts'
export type { DataObject, DataObjects } from './postgres/read-effects.ts'
export { type Hooks, NO_HOOKS, type StatementHooks } from './hooks.ts'
export { invalidIndexes } from './postgres/index-state.ts'
export {
  deployJournal,
  type Journal,
  NO_JOURNAL,
  repairJournal,
  rollbackJournal,
} from './journal.ts'
export { type Limits, targetSettingsSql, type TargetSession } from './postgres/limits.ts'
export { readFromTarget } from './lock-retry.ts'
export type { Observer } from './observer.ts'
export { queryWithinLimits } from './postgres/query-within-limits.ts'
export { replaceDeployCommand } from './failure-in-run.ts'
export { notRun, type Receipt } from './receipt.ts'
export { runMigrations, type RunOutcome } from './run-migrations.ts'
export { runOnShadow, runShadowGroup, type ShadowRefusal } from './run-on-shadow.ts'
export { finishedGroups, unknownGroup } from './run-steps.ts'
export { resetSessionSql } from './postgres/session-reset.ts'
export { type AtomicScript, atomicScriptOf } from './sqlite/atomic-script.ts'
export { guardSql, type Violation, violationIn } from './sqlite/guard.ts'
export { dropTemporarySql } from './sqlite/temporary-objects.ts'
export { type ComparedTable, compareSql, noteSql, type SummedColumn } from './sqlite/table-sums.ts'
export { runSqliteOnShadow, type SqliteRefusal } from './sqlite/run-on-shadow.ts'
