export type {
  BackupCreateOptions,
  BackupCreateResult,
  BackupListResult,
  BackupPruneOptions,
  BackupPruneResult,
  BackupRestoreOptions,
  BackupRestoreResult,
  BackupVerifyOptions,
  BackupVerifyResult,
} from './backup.ts'
export type {
  BackupRunOptions,
  BackupRunResult,
  BackupScheduleOptions,
  BackupScheduleResult,
} from './backup-schedule.ts'
export type { BackupItem } from './backup-result.ts'
export type { BaselineOptions, BaselineResult } from './baseline.ts'
export type {
  CheckedResult,
  CheckOptions,
  CheckResult,
  FailureResult,
  LoadOptions,
  LoadResult,
} from './check.ts'
export {
  commandLine,
  type CommandLineOptions,
  needsUrlVariable,
  URL_VARIABLE,
} from './command-line.ts'
export type { AskConsent, ConsentOptions, ConsentQuestion } from './context.ts'
export type { CreateOptions, CreateResult, WrittenDown } from './create.ts'
export type { DeployOptions, DeployResult } from './deploy.ts'
export type { DevOptions, DevResult } from './dev.ts'
export type { DoctorResult } from './doctor.ts'
export type { AdoptResult, DriftResult } from './drift.ts'
export { MODULE_FAILURES } from './module-failures.ts'
export type { RuleHelp } from './rule-help.ts'

/** Explains hazards and failures by their ids and codes: see rule-help.ts. */
export async function readRuleHelp(
  ids: readonly string[],
): Promise<ReadonlyMap<string, import('./rule-help.ts').RuleHelp>> {
  const help = await import('./rule-help.ts')
  return await help.readRuleHelp(ids)
}

export { fillDatabase, seedDatabase } from './test-database.ts'
export type { FixedResult, FixOptions, FixResult } from './fix.ts'
export type { InitOptions, InitResult } from './init.ts'
export type { InspectOptions, InspectResult } from './inspect.ts'
export type { KeptResult } from './kept-result.ts'
export type { KeptItem, KeptListResult, KeptPruneResult, PruneOptions } from './kept.ts'
export { openProject, type ProjectOptions, type Slipway } from './open-project.ts'
export { errorOf, type Failed, type Outcome, type ResultFinding, type Success } from './outcome.ts'
export type { PlannedMigration, PlanOptions, PlanResult, StepResult } from './plan.ts'
export type { RepairOptions, RepairResult } from './repair.ts'
export type { ResetOptions, ResetResult } from './reset.ts'
export type { DownResult, RollbackOptions, RollbackResult, TimeTravelResult } from './rollback.ts'
export type { SeedExportResult } from './seed-export.ts'
export type { RowOptions, SeedFilesResult } from './seed-files.ts'
export type { SeededSetResult, SetStatusResult } from './seed-result.ts'
export type { SeedSyncOptions, SeedSyncResult } from './seed-sync.ts'
export type {
  SeedRunOptions,
  SeedRunResult,
  SeedSetOptions,
  SeedStatusResult,
  SeedVerifyResult,
} from './seed.ts'
export type { DraftedSquash, SquashOptions, SquashResult, UnfinishedResult } from './squash.ts'
export type { DatabaseUsage } from './database-usage.ts'
export type { StatusResult } from './status.ts'
export type { TargetResult } from './work.ts'
export type { D1Location } from '../project/index.ts'
