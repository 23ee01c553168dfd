import {
  type DefinedTable,
  dependentsOf,
  isSameName,
  keyOfName,
  type SqliteDefinitions,
} from '../../../schema/index.ts'
import type { SqliteIndex, SqliteNames, SqliteTrigger } from '../../../statements/index.ts'
import type { SqliteRule } from '../rule.ts'
import { columnObject, list, quoted } from '../words.ts'

/** SQLite refuses to drop a column that an index, a key, a check, a view or a trigger names, where it looks. */
export const dropUsedColumn: SqliteRule = {
  id: 'drop-used-column',
  title: 'A column is dropped that something uses',
  judge(detail, { definitions }) {
    if (detail.kind !== 'drop-column') return undefined
    const { table: name, column } = detail
    const table = definitions.tables.get(keyOfName(name))
    const refused = [
      ...(table ? usesInTable(table, column) : []),
      ...usesBeside(definitions, name, column),
    ]
    const broken = brokenBy(definitions, name, column)
    const object = columnObject(name, column)
    return [
      ...(refused.length === 0
        ? []
        : [
            {
              severity: 'error' as const,
              object,
              anySize: true as const,
              message: `SQLite refuses to drop ${column} of ${name}, because it is used by ${list(refused)}.`,
              safeSql: dropsOfIndexes(definitions, name, column),
            },
          ]),
      ...(broken.length === 0
        ? []
        : [
            {
              severity: 'error' as const,
              object,
              anySize: true as const,
              message: `SQLite drops ${column} of ${name} although ${list(broken)} ${broken.length === 1 ? 'uses' : 'use'} it: ${broken.length === 1 ? 'it fails, or never runs, from then on' : 'they fail, or never run, from then on'}.`,
            },
          ]),
    ]
  },
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

function usesBeside(
  { indexes, views, triggers }: SqliteDefinitions,
  table: string,
  column: string,
): string[] {
  return [
    ...[...indexes.values()]
      .filter((index) => isSameName(index.table, table) && usesIndex(index, column))
      .map((index) => `the index ${index.name}`),
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

function readsRow({ names }: SqliteTrigger, column: string): boolean {
  return names.columns.some(
    ({ name, table = '' }) => isSameName(name, column) && ['new', 'old'].includes(keyOfName(table)),
  )
}

/** What SQLite does not look at when it drops a column: UPDATE OF, triggers of other tables, and keys that point at it. */
function brokenBy(definitions: SqliteDefinitions, table: string, column: string): string[] {
  const { triggers } = definitions
  return [
    ...[...triggers.values()]
      .filter((trigger) => {
        const isOwn = isSameName(trigger.table, table)
        if (isOwn && readsRow(trigger, column)) return false
        if (isOwn && trigger.of.some((one) => isSameName(one, column))) return true
        const names = trigger.names.columns.filter(
          (one) => !['new', 'old'].includes(keyOfName(one.table ?? '')),
        )
        return namesTable(trigger.names, table) && names.some((one) => isSameName(one.name, column))
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

function namesTable({ tables }: SqliteNames, table: string): boolean {
  return tables.some((name) => isSameName(name, table))
}

/** Where indexes are all that uses the column. */
function dropsOfIndexes(
  definitions: SqliteDefinitions,
  name: string,
  column: string,
): string | undefined {
  const table = definitions.tables.get(keyOfName(name))
  const own = [...definitions.indexes.values()].filter(
    (index) => isSameName(index.table, name) && usesIndex(index, column),
  )
  const others = usesBeside(definitions, name, column).length - own.length
  if (own.length === 0 || others > 0 || (table && usesInTable(table, column).length > 0)) {
    return undefined
  }
  return own.map((index) => `DROP INDEX ${quoted(index.name)};`).join('\n')
}
