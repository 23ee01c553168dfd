import { formatRows } from '../../kernel/index.ts'
import { type DefinedTable, keyOfName } from '../../schema/index.ts'
import { objectOfKey, type ObjectRef } from '../../statements/index.ts'
import type { TableSize } from '../facts.ts'
import type { SqliteContext } from './rule.ts'

/** The number of rows of a table on the target; undefined if unknown or if the target does not have the table. */
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

/** How big a table is at the judged statement. */
export function sizeOf(context: SqliteContext, name: string): TableSize {
  const table = context.definitions.tables.get(keyOfName(name))
  const { facts, migration } = context
  if (table !== undefined && table.onTarget === undefined) {
    // Without a target, an earlier migration may have filled the tables that it created.
    if (table.createdBy === migration.name || facts.tables !== undefined) return 'new'
  }
  const rows = table && rowsOf(context, table)
  if (rows === undefined) return 'filled'
  if (rows === 0) return 'empty'
  return rows < SMALL ? 'small' : 'filled'
}

/** The name of a table in messages, with its number of rows if known: `items (1,204 rows)`. */
export function nameWithRowCount(context: SqliteContext, table: DefinedTable): string {
  const rows = rowsOf(context, table)
  if (rows === undefined) return table.name
  return `${table.name} (${formatRows(rows)})`
}

/** Distinct names as a list in a sentence: `a, b and c`. */
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

/** A name as a quoted SQL identifier. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Names as a list of quoted SQL identifiers. */
export function quotedList(names: readonly string[]): string {
  return names.map(quoted).join(', ')
}

/** Whether the target is a Cloudflare D1 database. */
export function isD1({ facts }: Pick<SqliteContext, 'facts'>): boolean {
  return facts.d1 !== undefined
}

/** A string as an SQL literal. */
export function stringLiteral(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
