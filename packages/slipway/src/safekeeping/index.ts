export { keepHooksOf } from './keep-hooks.ts'
export {
  isLeft,
  type Kept,
  keptByRollback,
  keptData,
  keptText,
  restorableAfter,
  readAllKept,
  readUnrestored,
  type Unrestored,
} from './kept-data.ts'
export { safekeepingFailures } from './failures.ts'
export {
  type Attribute,
  attributesWithout,
  attributeTexts,
  commandOf,
  readAttributes,
  withoutAttributes,
} from './postgres/attributes.ts'
export { prepareKeepingFunctions } from './postgres/keeping-functions.ts'
export { type CreatedObjects, createdBefore, tableKey } from './created-objects.ts'
export { mayDestroy } from './may-destroy.ts'
export { pruneKept, readClock, readKept, restoreKept } from './dialects.ts'
export { expired } from './prune.ts'
export { aroundHooks, attributeHooksOf } from './attribute-hooks.ts'
export { type Fill, restoreHooksOf } from './restore-hooks.ts'
export {
  dropUnusedSql,
  type Endangered,
  IDS_OF_ONE,
  keepObstacle,
  keepSql,
  type KeepSql,
  keptTable,
} from './sqlite/keep-sql.ts'
export { holdCounters, keepCounters } from './sqlite/counters.ts'
export { storedColumns } from './sqlite/keep-rows.ts'
export { readKeptIds, readSqliteKept, type SqliteKept } from './sqlite/kept.ts'
export { REFERRED_GUARD, referredFailure } from './sqlite/referred-guard.ts'
export { restoreSql } from './sqlite/restore-sql.ts'
export { changesValues } from './sqlite/restored.ts'
export {
  readRestorePlace,
  readTriggeredTables,
  type RestorePlace,
  type TriggeredTable,
} from './sqlite/restore-place.ts'
