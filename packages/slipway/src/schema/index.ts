export { holdsAllOf } from './holds-all.ts'
export { scriptBetweenServers, withoutInvalidIndexes } from './postgres/script-between-servers.ts'
export {
  type Catalog,
  type CatalogReader,
  catalogReader,
  fingerprint,
  readCatalog,
  readCatalogInTransaction,
  readFacts,
} from './postgres/catalog.ts'
export { ownershipIn, type ProjectObjects, type Scope, scopeOf } from './postgres/scope.ts'
export { foreignKeysByTable } from './postgres/foreign-keys.ts'
export { childTablesOf } from './postgres/child-tables.ts'
export { type ColumnOrder, columnOrders } from './postgres/column-order.ts'
export { type Change, differingObjects } from './change.ts'
export { difference } from './postgres/difference.ts'
export { applyAction, applyStatement } from './apply-action.ts'
export {
  applySqlite,
  type DefinedTable,
  type Dependent,
  dependentsOf,
  isSameName,
  keyOfName,
  NO_DEFINITIONS,
  type SqliteDefinitions,
} from './sqlite/defined-objects.ts'
export { constraintName, indexName } from './constraint-name.ts'
export {
  type Column,
  columnNamed,
  type Constraint,
  type DatabaseSchema,
  emptySchema,
  type Enum,
  enumNamed,
  type Filling,
  type Index,
  indexesByTable,
  indexesOf,
  keyOf,
  type Named,
  objectNameOf,
  primaryKeyOf,
  type QualifiedName,
  referenceOf,
  referencingTables,
  type Table,
  tableNamed,
  typeKey,
  type ValueType,
} from './model.ts'
export {
  type Identities,
  type Identity,
  readIdentities,
  replacedObjects,
  droppedWithReusedNames,
  readObjectsWithReusedNames,
} from './postgres/identities.ts'
export {
  newlyInheritedColumns,
  withInheritedColumns,
  withoutRedundantColumns,
} from './postgres/inherited-columns.ts'
export { type TablePartName, readPartNames } from './postgres/part-names.ts'
export { readWrittenColumns } from './postgres/written-columns.ts'
export { readFingerprint, readSchema } from './dialects.ts'
export { schemaFailures } from './failures.ts'
export { FINGERPRINT_METHOD } from './postgres/facts-fingerprint.ts'
export type { Fingerprint } from './fingerprint.ts'
export {
  differenceBetween,
  readFingerprintSince,
  readSummary,
  type SchemaSummary,
} from './postgres/read-fingerprint.ts'
export { schemaOf } from './postgres/catalog-schema.ts'
export type { ReusedNames } from './postgres/plan-source.ts'
export { databaseObjectsOnlyIn } from './postgres/database-objects.ts'
export { attributesAppendedLate, scriptBetween } from './postgres/schema-script.ts'
export type { Choice, SchemaScript, ScriptStatement } from './script.ts'
export { choiceText, scriptSql } from './postgres/script-sql.ts'
export { type Affinity, affinityOf, convertsValues } from './sqlite/affinity.ts'
export { lostParts } from './sqlite/lost-parts.ts'
export {
  columnIn,
  createTableText,
  tableOptions,
  isSameList,
  type LostPart,
  refusalOfPart,
  withParts,
} from './sqlite/table-parts.ts'
export { autoincrementCounterSql } from './sqlite/rebuild.ts'
export { sqliteScriptBetween } from './sqlite/schema-script.ts'
export { invertedChanges, readSqliteState, type SqliteState } from './sqlite/state.ts'
export {
  declaredType,
  type ColumnChange,
  readRowTables,
  type RowColumn,
  ROWIDS,
  rowidOf,
  type RowTable,
  separateRowid,
  type TableChange,
  tableChanges,
} from './sqlite/table-changes.ts'
export { readDefinitions, withDefinitions, withSchemaCopy } from './sqlite/definitions.ts'
export { dependentCodeOf } from './sqlite/trial.ts'
export { isPossible, readVirtualRows } from './sqlite/virtual-rows.ts'
export { isOnRows, writesOnlyVirtual } from './sqlite/compiled-writes.ts'
export { isKnownPragma, observeWrites, type WrittenTables } from './sqlite/written-tables.ts'
export {
  readSqliteForeignKeys,
  readUncheckedTables,
  type SqliteForeignKey,
} from './sqlite/foreign-keys.ts'
