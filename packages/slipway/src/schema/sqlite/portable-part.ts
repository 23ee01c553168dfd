import { quoteIdentifier, quoteText } from '../../database/index.ts'
import { sqliteDetail, type SqliteColumnName, type SqliteTable } from '../../statements/index.ts'
import { isSameName } from './defined-objects.ts'
import { columnIn } from './table-parts.ts'

/**
 * A constraint of a table, written so that it means the same in another table: columns without the name of
 * the table, and strings in single quotes. In double quotes, a string would name a column that only the other
 * table has. Needs `loadSqliteParser` first.
 */
export function portableConstraint(text: string, table: SqliteTable): string {
  return portable(text, 'CREATE TABLE x (y ', table)
}

/** The same for a column with its constraints. */
export function portableColumn(text: string, table: SqliteTable): string {
  return portable(text, 'CREATE TABLE x (', table)
}

function portable(text: string, head: string, table: SqliteTable): string {
  const sql = `${head}${text})`
  const detail = sqliteDetail({ text: sql })
  if (detail.kind !== 'create-table') return text
  const { checks, columns } = detail.table
  const names = [...checks, ...columns.flatMap(({ generated }) => generated ?? [])].flatMap(
    (one) => one.names.columns,
  )
  const changes = names
    .flatMap((name) => changeOf(name, table))
    .toSorted((a, b) => b.start - a.start)
  let changed = sql
  for (const { start, end, by } of changes)
    changed = changed.slice(0, start) + by + changed.slice(end)
  return changed.slice(head.length, -1)
}

function changeOf({ name, table: of, tableAt, quotedAt }: SqliteColumnName, table: SqliteTable) {
  if (tableAt && isSameName(of ?? '', table.name)) return [{ ...tableAt, by: '' }]
  const isColumn = columnIn(table, name) !== undefined || ROWID.some((one) => isSameName(one, name))
  if (quotedAt === undefined || isColumn) return []
  const end = quotedAt + quoteIdentifier(name).length
  return [{ start: quotedAt, end, by: quoteText(name) }]
}

/** The names of the rowid, which every table has. */
const ROWID = ['rowid', 'oid', '_rowid_']
