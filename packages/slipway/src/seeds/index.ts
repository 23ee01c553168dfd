export { belongs, chooseSets, type EnvironmentSeeds } from './choose.ts'
export type { DataFormat } from './data-file.ts'
export { type FileChange, type PreparedFiles, prepareFiles } from './export.ts'
export { seedFailures } from './failures.ts'
export { readSeedLedger, runSeeds, verifySeeds, withSnapshot } from './dialects.ts'
export type { SeedFinding } from './finding.ts'
export type { SeedAuthor, SeedRecord } from './ledger.ts'
export type { TableCounts } from './table-counts.ts'
export type { NamedRules } from './natural-key.ts'
export { projectNames, projectSeedSets, seedFolders } from './project-sets.ts'
export { isRepeatableSet } from './rows.ts'
export { destroyedBy, type SeedOutcome, type SeedRequest } from './seed-request.ts'
export {
  defineSeed,
  type OwnerMode,
  type SeedDefinition,
  type SeedRow,
  type SeedRows,
  type SeedSet,
  type SeedSetFile,
  type SeedTable,
  type SeedValue,
} from './set.ts'
export { type SeedSetStatus, seedStatus } from './status.ts'
export { syncTables } from './sync.ts'
export type { RowChange } from './row-change.ts'
export type { TableDiff } from './postgres/sync-diff.ts'
export { planSync, refuseSameDatabase, type Side, type SyncPlan } from './sync-plan.ts'
