import { type DefinedTable, keyOfName } from '../../schema/index.ts'
import { objectOfKey, type ObjectRef } from '../../statements/index.ts'
import type { TableSize } from '../facts.ts'
import type { SqliteContext } from './rule.ts'

/** The rows of a table on the target; absent if unknown. A table of this migration has none there. */
export function rowsOf({ facts }: SqliteContext, table: DefinedTable): number | undefined {
  if (table.onTarget === undefined) return undefined
  const name = keyOfName(table.onTarget)
  for (const [key, { rows }] of facts.tables ?? []) {
    const object = objectOfKey(key)
    if (object.kind === 'table' && keyOfName(object.name) === name) return rows
  }
  return undefined
}

const SMALL = 1000

/** How big a table is at the statement that is judged. */
export function sizeOf(context: SqliteContext, name: string): TableSize {
  const table = context.definitions.tables.get(keyOfName(name))
  const { facts, migration } = context
  if (table !== undefined && table.onTarget === undefined) {
    // Without a target every migration before this one may have filled its tables.
    if (table.madeBy === migration.name || facts.tables !== undefined) return 'new'
  }
  const rows = table && rowsOf(context, table)
  if (rows === undefined) return 'filled'
  if (rows === 0) return 'empty'
  return rows < SMALL ? 'small' : 'filled'
}

/** A table as messages name it, with its rows if they are known: `items (1204 rows)`. */
export function withRows(context: SqliteContext, table: DefinedTable): string {
  const rows = rowsOf(context, table)
  if (rows === undefined) return table.name
  return `${table.name} (${rows} ${rows === 1 ? 'row' : 'rows'})`
}

/** Names as a sentence lists them: `a, b and c`. Each once. */
export function list(names: readonly string[]): string {
  const each = [...new Set(names)]
  const last = each.pop() ?? ''
  return each.length === 0 ? last : `${each.join(', ')} and ${last}`
}

/** The object of a finding about a table. */
export function tableObject(name: string): ObjectRef {
  return { kind: 'table', schema: null, name }
}

/** The object of a finding about a column. */
export function columnObject(table: string, name: string): ObjectRef {
  return { kind: 'column', schema: null, table, name }
}

/** A name as SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Names as SQL, in a list. */
export function quotedList(names: readonly string[]): string {
  return names.map(quoted).join(', ')
}

/** Whether the target is a database of Cloudflare D1. */
export function isD1({ facts }: Pick<SqliteContext, 'facts'>): boolean {
  return facts.d1 !== undefined
}

/** A text as SQL. */
export function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
