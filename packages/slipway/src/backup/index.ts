export { type CreateRequest, createBackup } from './create-backup.ts'
export { type Encryption, type Keys, NO_KEYS } from './encryption.ts'
export { backupFailures } from './failures.ts'
export type { DataSums, DumpFormat, Manifest, Part, Verification } from './manifest.ts'
export { type Backup, findBackup, type Listing, listBackups } from './list-backups.ts'
export type { Compared } from './compare.ts'
export { type RestoreOutcome, type RestoreRequest, restoreBackup } from './restore-backup.ts'
export { type VerifyOutcome, type VerifyRequest, verifyBackup } from './verify-backup.ts'
export type { Store, Stored, WriteOptions } from './store.ts'
export { folderStore } from './stores/folder.ts'
export { type BackupNotice, type BackupOutcome, notify, type NotifyOptions } from './notify.ts'
export { type Decision, expiredBackups, type KeepPolicy, type RetainedBackup } from './retention.ts'
export { type Clock, type EndedRun, runScheduled, type ScheduledRuns } from './run-scheduled.ts'
export type { Health, LastRun } from './schedule-health.ts'
export {
  type ScheduleFile,
  type Scheduler,
  type ScheduleRequest,
  scheduleText,
} from './schedule-text.ts'
export { type S3Options, s3Store } from './stores/s3.ts'
