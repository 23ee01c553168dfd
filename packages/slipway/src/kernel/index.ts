export { assertNever, invariant, must } from './assert.ts'
export { formatBytes } from './bytes.ts'
export { durationWord, formatDuration, parseDuration } from './duration.ts'
export type { Blocker, Emit, Event } from './event.ts'
export {
  advice,
  command,
  type Failure,
  type FailureDetails,
  failureFrom,
  failureOf,
  type FailureSpecs,
  type NextAction,
  otherCommand,
  type Place,
  type Raise,
  createRaise,
  rethrow,
  type MissingObject,
  type ServerError,
  type SqliteError,
} from './failure.ts'
export { takeFolderLock, withFolderLock } from './folder-lock.ts'
export { sha256 } from './hash.ts'
export {
  checkExported,
  type LoadSchema,
  type Mismatch,
  mismatchText,
  parseJson,
  readErrorText,
  readJsonFile,
} from './json-schema.ts'
export { ownVersion } from './own-version.ts'
export { readCached, writeCached } from './file-cache.ts'
export { attempt, type Result } from './result.ts'
export { formatRows } from './rows.ts'
export { ConnectionString, looksLikeConnectionString, redact, Secret } from './secret.ts'
export { parseSqlType, type SqlType } from './sql-type.ts'
export { withoutSignalHandlers } from './signals.ts'
export { suggest } from './suggest.ts'
