export { alterTableText, type AlterTableText, listOf, textOf } from './postgres/alter-table.ts'
export type {
  Action,
  ColumnDefinition,
  ConstraintDefinition,
  InsertedRows,
  RowCopy,
  MoveAction,
  ObjectName,
  RenameAction,
  TableAction,
} from './action.ts'
export { LOCK_MODES } from './action.ts'
export { checksum, matchesChecksum } from './checksum.ts'
export { chosenName } from './postgres/chosen-name.ts'
export { isRequired } from './is-required.ts'
export { statementsFailures } from './failures.ts'
export { type Migration, type MigrationFile, parseMigration, parseMigrations } from './migration.ts'
export { indexOfCharacter, placeAt } from './position.ts'
export { changesRowsOnly } from './rows.ts'
export { sameMeaning } from './postgres/same-meaning.ts'
export { loadParser } from './postgres/parser.ts'
export { parserFor, type StatementParser } from './dialects.ts'
export { loadSqliteParser } from './sqlite/parser.ts'
export { sqliteDefinitionParts } from './sqlite/definition-parts.ts'
export type * from './sqlite/detail.ts'
export { sqliteDetail, sqliteNames } from './sqlite/detail-of.ts'
export { sqliteNameKey } from './sqlite/name-key.ts'
export { sqliteMarkersIn } from './sqlite/markers.ts'
export { sqliteDividedInsert } from './sqlite/divided-insert.ts'
export { SQLITE_TRANSACTION_PRAGMAS } from './sqlite/pragmas.ts'
export { relaxedSqlite } from './sqlite/relaxed.ts'
export { sqliteMeasures } from './sqlite/measures.ts'
export {
  sqliteColumnTexts,
  sqliteNamesIn,
  sqliteVirtualTable,
  withPlainNames,
  tokenPlaces,
  withTableName,
} from './sqlite/table-text.ts'
export {
  rebuildOfTextIndex,
  rebuildsTextIndex,
  sqliteTextIndex,
  type SqliteTextIndex,
  staleBy,
} from './sqlite/text-index.ts'
export { parseStatements } from './postgres/parse-statements.ts'
export type { IndexName, Statement, StatementRole } from './statement.ts'
export {
  type SquashedMigration,
  squashedIn,
  squashHead,
  withoutSquashHead,
} from './squash-header.ts'
export {
  firstAfterSettings,
  mentionsValue,
  type TransactionGroup,
  transactionGroupsOf,
} from './transaction-group.ts'
export {
  hasComment,
  identifierOf,
  identifiersIn,
  isKeyword,
  masked,
  type Token,
  tokensOf,
  wordsOf,
} from './postgres/tokens.ts'
export { callsIn, type Code, codeIn } from './postgres/code.ts'
export type { ComparedValues } from './compared-values.ts'
export { comparedValues } from './postgres/compared-values.ts'
export { sqliteCheckedValues, sqliteComparedValues } from './sqlite/compared-values.ts'
export { sqliteTriggerIn, type TriggerChanges } from './sqlite/triggers.ts'
export { conditionsOf, isAlwaysTrue } from './postgres/conditions.ts'
export type { Marker } from './marker.ts'
export { markersIn, wantsNoTransaction } from './postgres/markers.ts'
export { destructionsBy, isIdentityDropped } from './destruction.ts'
export {
  type Destruction,
  destructionKey,
  distinctDestructions,
  isSameObject,
  destructionText,
  objectKey,
  objectName,
  objectOfKey,
  type ObjectRef,
  objectText,
  ownerOf,
  partRef,
  schemaRef,
  type SchemaRef,
  tableRef,
  type TableRef,
} from './object-ref.ts'
export { extensionsIn } from './postgres/extensions.ts'
export { type ChangedObject, changedObjects, isClaimedBy } from './postgres/changed-objects.ts'
export { joinOwnership, type Ownership, ownershipOf } from './postgres/ownership.ts'
export { qualifiedNames, qualifiesWith, unqualified } from './postgres/unqualified.ts'
