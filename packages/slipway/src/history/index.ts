export { newerLedgerNotice, refuseNewerLedger } from './dialects.ts'
export {
  type Comparison,
  compareHistory,
  currentRows,
  historyHash,
  type HistoryState,
  type MigrationText,
  obstacle,
} from './compare.ts'
export { readChangeToken } from './postgres/change-token.ts'
export {
  type ChangedObjects,
  changedObjects,
  dependentsOf,
  type ObjectIds,
  type ObjectTokens,
  readObjectTokens,
} from './postgres/object-tokens.ts'
export { watchOthers } from './postgres/other-objects.ts'
export {
  readEnvironments,
  type RecordedEnvironment,
  recordEnvironment,
} from './postgres/environments.ts'
export { historyFailures } from './failures.ts'
export { findInterruption, type Interruption } from './interruption.ts'
export {
  type SchemaState,
  type Direction,
  forgetSchemaState,
  historySchema,
  journalBeginSql,
  journalClearSql,
  type JournalEntry,
  journalFinishSql,
  readSchemaState,
  readLedgerRows,
  receiptSql,
  writeChangeToken,
  writeSchemaState,
} from './postgres/ledger.ts'
export { forgetLedgerSql, prepareLedger, upgradeLedger } from './postgres/ledger-upgrade.ts'
export type { SquashStatus } from './squash.ts'
export {
  appliedRowSql,
  checksumRowSql,
  clearErrorSql,
  createHistorySql,
  failedRowSql,
  finishedRowSql,
  deleteUnfinishedRowSql,
  type History,
  type HistoryRow,
  historyTable,
  markedRowSql,
  reopenRowSql,
  rolledBackRowSql,
  keepOneRowSql,
  squashedRowsSql,
  startedRowSql,
} from './prisma-history.ts'
export { readHistory } from './read-history.ts'
export {
  createLedgerSql,
  readSqliteLedger,
  type RecordedSchema,
  recordEnvironmentSql,
  recordSchemaSql,
  REVISION_SQL,
  reviseSql,
  type SqliteLedger,
  sqliteReceiptSql,
} from './sqlite/ledger.ts'
export { type DeployBookmark, readDeployBookmark } from './sqlite/bookmark.ts'
export { type HistoryRecords, recordsOf } from './sqlite/records.ts'
export { readJournal } from './journal.ts'
