export {
  type Consent,
  type ConsentQuestion,
  type Destroyed,
  destroyedText,
  confirmedCommand,
  requireConsent,
  toConsentTo,
} from './consent.ts'
export type { DeployOutcome, DeployRequest } from './deploy.ts'
export { deploy, createHistoryTables, previewDeploy, withTarget } from './dialects.ts'
export { refuseConfiguredEnvironment } from './environment.ts'
export { refuseForeignObjects } from './foreign-objects.ts'
export { deployFailures } from './failures.ts'
export { unaccepted } from './hazards.ts'
export { keepHooksFor, prepareKeeping } from './keep.ts'
export { readLossyCasts } from './lossy-casts.ts'
export { MIGRATE_LOCK } from './postgres/lock.ts'
export { readPlan, type SavedPlan, savePlan } from './plan-file.ts'
export { describePreCheck } from './pre-checks.ts'
export type { Preview } from './preview.ts'
export { CLEAN_FAILURES, reviewsOf } from './review.ts'
export type { Recorded } from './squashes.ts'
export type { WorkRequest } from './target.ts'
export {
  readKnownNow,
  readSchemaNow,
  type Verification,
  tryVerifyAndRecord,
  unverifiedFailure,
  verifyAndRecord,
} from './verify.ts'
export {
  appliedWithout,
  detectSqliteDrift,
  recordedSchema,
  replayedFingerprint,
} from './sqlite/drift.ts'
export {
  comparedTables,
  endangeredBy,
  lossesIn,
  wholeRows,
  wholeTable,
} from './sqlite/endangered.ts'
export { type TestedMigration, testOnCopy } from './sqlite/test-on-copy.ts'
export type { GuardedOutcome, GuardedRun } from './sqlite/run.ts'
export { runAccepting, runInTurn } from './sqlite/run-tested.ts'
export { withSqliteTarget } from './sqlite/target.ts'
