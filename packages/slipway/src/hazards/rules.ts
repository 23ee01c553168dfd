import type { Rule } from './hazard.ts'
import { attachScans } from './rules/attach-scans.ts'
import { backfillUnbatched } from './rules/backfill-unbatched.ts'
import { cachedPlan } from './rules/cached-plan.ts'
import { checkValidates } from './rules/check-validates.ts'
import { concurrentInTransaction } from './rules/concurrent-in-transaction.ts'
import { concurrentOn14 } from './rules/concurrent-on-14.ts'
import { detachNotConcurrent } from './rules/detach-not-concurrent.ts'
import { disableTrigger } from './rules/disable-trigger.ts'
import { domainConstraint } from './rules/domain-constraint.ts'
import { dropAddRename } from './rules/drop-add-rename.ts'
import { dropColumn } from './rules/drop-column.ts'
import { dropEnum } from './rules/drop-enum.ts'
import { dropIndexNotConcurrent } from './rules/drop-index-not-concurrent.ts'
import { dropInexpressible } from './rules/drop-inexpressible.ts'
import { dropPrimaryKey } from './rules/drop-primary-key.ts'
import { dropSchema } from './rules/drop-schema.ts'
import { dropTable } from './rules/drop-table.ts'
import { dropViewCascade } from './rules/drop-view-cascade.ts'
import { enumValueUsed } from './rules/enum-value-used.ts'
import { exclusionConstraint } from './rules/exclusion-constraint.ts'
import { foreignKeyUnindexed } from './rules/foreign-key-unindexed.ts'
import { foreignKeyValidates } from './rules/foreign-key-validates.ts'
import { grantPublic } from './rules/grant-public.ts'
import { identifierTooLong } from './rules/identifier-too-long.ts'
import { indexNotConcurrent } from './rules/index-not-concurrent.ts'
import { jsonColumn } from './rules/json-column.ts'
import { lockHeld } from './rules/lock-held.ts'
import { lockTable } from './rules/lock-table.ts'
import { lockTimeoutWeak } from './rules/lock-timeout-weak.ts'
import { mixedBackfill } from './rules/mixed-backfill.ts'
import { nestedTransaction } from './rules/nested-transaction.ts'
import { noWhere } from './rules/no-where.ts'
import { notNullScans } from './rules/not-null-scans.ts'
import { notNullWithoutDefault } from './rules/not-null-without-default.ts'
import { primaryKeyInPlace } from './rules/primary-key-in-place.ts'
import { refreshNotConcurrent } from './rules/refresh-not-concurrent.ts'
import { reindex } from './rules/reindex.ts'
import { renameColumn } from './rules/rename-column.ts'
import { renameEnumValue } from './rules/rename-enum-value.ts'
import { renameSchema } from './rules/rename-schema.ts'
import { renameTable } from './rules/rename-table.ts'
import { renameType } from './rules/rename-type.ts'
import { renameView } from './rules/rename-view.ts'
import { rlsDisabled } from './rules/rls-disabled.ts'
import { serialColumn } from './rules/serial-column.ts'
import { setLogged } from './rules/set-logged.ts'
import { setSchema } from './rules/set-schema.ts'
import { setTablespace } from './rules/set-tablespace.ts'
import { storedColumn } from './rules/stored-column.ts'
import { triggerOnTable } from './rules/trigger-on-table.ts'
import { truncateCascade } from './rules/truncate-cascade.ts'
import { truncate } from './rules/truncate.ts'
import { typeChanges } from './rules/type-change.ts'
import { uncommittedTransaction } from './rules/uncommitted-transaction.ts'
import { uniqueInPlace } from './rules/unique-in-place.ts'
import { vacuumFull } from './rules/vacuum-full.ts'
import { volatileDefault } from './rules/volatile-default.ts'

/** Every rule, in the order in which findings of one statement are reported. */
export const rules: readonly Rule[] = [
  indexNotConcurrent,
  dropIndexNotConcurrent,
  reindex,
  concurrentInTransaction,
  concurrentOn14,
  foreignKeyValidates,
  foreignKeyUnindexed,
  checkValidates,
  domainConstraint,
  notNullScans,
  notNullWithoutDefault,
  volatileDefault,
  serialColumn,
  storedColumn,
  typeChanges,
  cachedPlan,
  uniqueInPlace,
  primaryKeyInPlace,
  exclusionConstraint,
  attachScans,
  detachNotConcurrent,
  lockHeld,
  mixedBackfill,
  lockTable,
  lockTimeoutWeak,
  backfillUnbatched,
  noWhere,
  truncateCascade,
  truncate,
  dropColumn,
  dropTable,
  dropPrimaryKey,
  dropEnum,
  dropSchema,
  dropViewCascade,
  dropInexpressible,
  dropAddRename,
  renameTable,
  renameColumn,
  renameView,
  renameType,
  renameSchema,
  setSchema,
  renameEnumValue,
  enumValueUsed,
  nestedTransaction,
  uncommittedTransaction,
  vacuumFull,
  setLogged,
  setTablespace,
  refreshNotConcurrent,
  triggerOnTable,
  disableTrigger,
  rlsDisabled,
  grantPublic,
  jsonColumn,
  identifierTooLong,
]
