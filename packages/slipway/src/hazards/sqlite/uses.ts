import {
  type DefinedTable,
  dependentsOf,
  isSameName,
  keyOfName,
  type SqliteDefinitions,
} from '../../schema/index.ts'
import type { SqliteIndex, SqliteNames, SqliteTrigger } from '../../statements/index.ts'
import { list } from './names-and-sizes.ts'

/** The objects that use a column, as named in messages. */
export interface ColumnUses {
  /** Objects because of which SQLite refuses to drop the column. */
  readonly refusing: readonly string[]
  /** The indexes among them. */
  readonly indexes: readonly SqliteIndex[]
  /** Objects that SQLite does not check, and leaves broken. */
  readonly broken: readonly string[]
}

/** Finds the objects that use a column of a table. */
export function usesOf(
  definitions: SqliteDefinitions,
  { table, column }: { readonly table: string; readonly column: string },
): ColumnUses {
  const defined = definitions.tables.get(keyOfName(table))
  const indexes = [...definitions.indexes.values()].filter(
    (index) => isSameName(index.table, table) && usesIndex(index, column),
  )
  return {
    refusing: [
      ...(defined ? usesInTable(defined, column) : []),
      ...indexes.map((index) => `the index ${index.name}`),
      ...usesByViewsAndTriggers(definitions, table, column),
    ],
    indexes,
    broken: brokenBy(definitions, table, column),
  }
}

function usesInTable(table: DefinedTable, column: string): string[] {
  const { primaryKey, uniques, checks, foreignKeys, columns } = table
  const isIt = (name: string) => isSameName(name, column)
  return [
    ...(primaryKey.some(isIt) ? ['the primary key'] : []),
    ...uniques.filter((key) => key.some(isIt)).map((key) => `the unique key on ${list(key)}`),
    ...checks
      .filter((check) => !isIt(check.column ?? '') && namesColumn(check.names, column))
      .map((check) => `the check ${check.name ?? check.text}`),
    ...foreignKeys
      .filter((key) => !key.ofColumn && key.columns.some(isIt))
      .map((key) => `the foreign key to ${key.table}`),
    ...columns
      .filter(
        (other) =>
          !isIt(other.name) && other.generated && namesColumn(other.generated.names, column),
      )
      .map((other) => `the computed column ${other.name}`),
  ]
}

function usesByViewsAndTriggers(
  { views, triggers }: SqliteDefinitions,
  table: string,
  column: string,
): string[] {
  return [
    ...[...views.values()]
      .filter((view) => namesTable(view.names, table) && namesColumn(view.names, column))
      .map((view) => `the view ${view.name}`),
    ...[...triggers.values()]
      .filter((trigger) => isSameName(trigger.table, table) && readsRow(trigger, column))
      .map((trigger) => `the trigger ${trigger.name}`),
  ]
}

function usesIndex({ columns, names }: SqliteIndex, column: string): boolean {
  return columns.some((one) => isSameName(one, column)) || namesColumn(names, column)
}

/** In a trigger, NEW and OLD are the row of its table. */
const ROW = ['new', 'old']

function readsRow({ names }: SqliteTrigger, column: string): boolean {
  return names.columns.some(
    ({ name, table = '' }) => isSameName(name, column) && ROW.includes(keyOfName(table)),
  )
}

/**
 * Objects that SQLite does not check when it drops a column: UPDATE OF, triggers of other tables, and
 * foreign keys that reference the column.
 */
function brokenBy(definitions: SqliteDefinitions, table: string, column: string): string[] {
  return [
    ...[...definitions.triggers.values()]
      .filter((trigger) => {
        const isOwn = isSameName(trigger.table, table)
        if (isOwn && readsRow(trigger, column)) return false
        if (isOwn && trigger.of.some((one) => isSameName(one, column))) return true
        const others = trigger.names.columns.filter(
          (one) => !ROW.includes(keyOfName(one.table ?? '')),
        )
        return (
          namesTable(trigger.names, table) && others.some((one) => isSameName(one.name, column))
        )
      })
      .map((trigger) => `the trigger ${trigger.name} of ${trigger.table}`),
    ...dependentsOf(definitions, table)
      .filter(({ key }) => key.targets.some((target) => isSameName(target, column)))
      .map((one) => `the foreign key of ${one.table.name}`),
  ]
}

function namesColumn({ columns }: SqliteNames, column: string): boolean {
  return columns.some(({ name }) => isSameName(name, column))
}

/** Whether something reads or writes a table. */
export function namesTable({ tables }: SqliteNames, table: string): boolean {
  return tables.some((name) => isSameName(name, table))
}

/** The views that read a table, including through other views. */
export function viewsOver({ views }: SqliteDefinitions, table: string): string[] {
  const names = [table]
  // Repeats until no further view is found, because a view may read one that is created later.
  for (let size = -1; size !== names.length;) {
    size = names.length
    for (const view of views.values()) {
      if (names.some((name) => isSameName(name, view.name))) continue
      if (names.some((name) => namesTable(view.names, name))) names.push(view.name)
    }
  }
  return names.slice(1)
}
