import type { SqliteRule } from './rule.ts'
import { addComputedDefault } from './rules/add-computed-default.ts'
import { addRefusedColumn } from './rules/add-refused-column.ts'
import { addRequiredColumn } from './rules/add-required-column.ts'
import { alterConstraint } from './rules/alter-constraint.ts'
import { attachDatabase } from './rules/attach-database.ts'
import { createTableAs } from './rules/create-table-as.ts'
import { d1Columns } from './rules/d1-columns.ts'
import { d1Export } from './rules/d1-export.ts'
import { d1Function } from './rules/d1-function.ts'
import { d1LargeFile } from './rules/d1-large-file.ts'
import { d1Limit } from './rules/d1-limit.ts'
import { d1Module } from './rules/d1-module.ts'
import { d1Pragma } from './rules/d1-pragma.ts'
import { d1ReservedName } from './rules/d1-reserved-name.ts'
import { d1StatementSize } from './rules/d1-statement-size.ts'
import { d1Temporary } from './rules/d1-temporary.ts'
import { doubleQuotedText } from './rules/double-quoted-text.ts'
import { dropReferencedTable } from './rules/drop-referenced-table.ts'
import { dropUsedColumn } from './rules/drop-used-column.ts'
import { keysUnenforced } from './rules/keys-unenforced.ts'
import { legacyAlterTable } from './rules/legacy-alter-table.ts'
import { loadExtension } from './rules/load-extension.ts'
import { pragmaWithoutEffect } from './rules/pragma-without-effect.ts'
import { rebuildAddsConstraint } from './rules/rebuild-adds-constraint.ts'
import { rebuildAutoincrement } from './rules/rebuild-autoincrement.ts'
import { rebuildAvoidable } from './rules/rebuild-avoidable.ts'
import { rebuildByPosition } from './rules/rebuild-by-position.ts'
import { rebuildCascades } from './rules/rebuild-cascades.ts'
import { rebuildChangesType } from './rules/rebuild-changes-type.ts'
import { rebuildDatetimeDefault } from './rules/rebuild-datetime-default.ts'
import { rebuildFullText } from './rules/rebuild-full-text.ts'
import { rebuildKeysEnforced } from './rules/rebuild-keys-enforced.ts'
import { rebuildLosesColumn } from './rules/rebuild-loses-column.ts'
import { rebuildLosesDefinition } from './rules/rebuild-loses-definition.ts'
import { rebuildLosesObjects } from './rules/rebuild-loses-objects.ts'
import { rebuildLosesRows } from './rules/rebuild-loses-rows.ts'
import { rebuildMisplacesValues } from './rules/rebuild-misplaces-values.ts'
import { rebuildRenamesFirst } from './rules/rebuild-renames-first.ts'
import { rebuildRequiredColumn } from './rules/rebuild-required-column.ts'
import { rebuildStrict } from './rules/rebuild-strict.ts'
import { rebuildUnderView } from './rules/rebuild-under-view.ts'
import { replaceDeletesRows } from './rules/replace-deletes-rows.ts'
import { sqliteDropColumn } from './rules/sqlite-drop-column.ts'
import { sqliteDropTable } from './rules/sqlite-drop-table.ts'
import { sqliteNoWhere } from './rules/sqlite-no-where.ts'
import { sqliteRenameColumn } from './rules/sqlite-rename-column.ts'
import { sqliteRenameTable } from './rules/sqlite-rename-table.ts'
import { sqliteTransaction } from './rules/sqlite-transaction.ts'
import { sqliteVacuum } from './rules/sqlite-vacuum.ts'
import { uniqueIndexOnRows } from './rules/unique-index-on-rows.ts'
import { unsafePragma } from './rules/unsafe-pragma.ts'

/** Every rule of SQLite and D1, in the order in which findings of one statement are reported. */
export const sqliteRules: readonly SqliteRule[] = [
  rebuildCascades,
  rebuildKeysEnforced,
  rebuildLosesRows,
  rebuildLosesColumn,
  rebuildMisplacesValues,
  rebuildByPosition,
  rebuildRequiredColumn,
  rebuildAddsConstraint,
  rebuildChangesType,
  rebuildStrict,
  rebuildLosesObjects,
  rebuildLosesDefinition,
  rebuildFullText,
  rebuildUnderView,
  rebuildRenamesFirst,
  rebuildAutoincrement,
  rebuildDatetimeDefault,
  rebuildAvoidable,
  addRequiredColumn,
  addComputedDefault,
  addRefusedColumn,
  alterConstraint,
  dropUsedColumn,
  sqliteDropColumn,
  sqliteRenameColumn,
  sqliteRenameTable,
  legacyAlterTable,
  sqliteDropTable,
  dropReferencedTable,
  keysUnenforced,
  sqliteNoWhere,
  replaceDeletesRows,
  createTableAs,
  uniqueIndexOnRows,
  doubleQuotedText,
  sqliteTransaction,
  pragmaWithoutEffect,
  unsafePragma,
  sqliteVacuum,
  attachDatabase,
  loadExtension,
  d1Pragma,
  d1StatementSize,
  d1LargeFile,
  d1Columns,
  d1Limit,
  d1Function,
  d1Module,
  d1Export,
  d1Temporary,
  d1ReservedName,
]
