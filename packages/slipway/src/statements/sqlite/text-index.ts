import { sqliteDetail } from './detail-of.ts'
import type { SqliteTable } from './detail.ts'
import { sqliteNameKey } from './name-key.ts'
import { sqliteVirtualTable } from './table-text.ts'

/**
 * A full-text index of another table: an FTS5 or FTS4 table with `content='post'`. Source:
 * sqlite.org/fts5.html, "External Content Tables".
 */
export interface SqliteTextIndex {
  /** The table or view that contains the text. */
  readonly content: string
  /** The column of that table that identifies the rows of the index; absent if it is the rowid. */
  readonly rowid?: string
  /** The indexed columns of that table; empty if all are indexed. */
  readonly columns: readonly string[]
}

/**
 * Reads the CREATE VIRTUAL TABLE of a full-text index of another table; undefined for any other table. Needs
 * `loadSqliteParser` first.
 */
export function sqliteTextIndex(sql: string): SqliteTextIndex | undefined {
  const virtual = sqliteVirtualTable(sql)
  if (virtual === undefined || !MODULES.has(virtual.module)) return undefined
  const options = virtual.arguments.map((one) => OPTION.exec(one))
  // FTS5 accepts the beginning of an option's name.
  const valueOf = (name: RegExp) =>
    bare(options.find((one) => name.test(one?.[1] ?? ''))?.[2] ?? '')
  const [content, rowid] = [
    valueOf(/^c(?:o(?:n(?:t(?:e(?:nt?)?)?)?)?)?$/i),
    valueOf(/^content_r(?:o(?:w(?:id?)?)?)?$/i),
  ]
  if (content === '') return undefined
  return {
    content,
    ...(rowid === '' ? {} : { rowid }),
    columns: virtual.arguments
      .filter((one, at) => !options[at] && !/\sUNINDEXED$/i.test(one))
      .map((one) => bare(COLUMN.exec(one)?.[0] ?? one)),
  }
}

const MODULES: ReadonlySet<string> = new Set(['fts5', 'fts4'])
const OPTION = /^(\w+)\s*=\s*(.*)$/s
const COLUMN = /^(?:"(?:[^"]|"")*"|`(?:[^`]|``)*`|'(?:[^']|'')*'|\[[^\]]*\]|[^\s,]+)/

function bare(text: string): string {
  const quote = text[0] ?? ''
  if (!`"'\`[`.includes(quote)) return text
  return text.slice(1, -1).replaceAll(quote + quote, quote)
}

/**
 * A rebuild of a table: the old table, the new one, and the new column that takes over the values of an old
 * one unchanged.
 */
export interface RebuiltContent {
  readonly old: SqliteTable
  readonly made: SqliteTable
  readonly successorOf: (column: string) => string | undefined
}

/**
 * What a rebuild changes without updating a full-text index of the table: rows may get different rowids, or
 * different text. Undefined if the index stays correct.
 */
export function staleBy(
  { rowid, columns }: SqliteTextIndex,
  rebuilt: RebuiltContent,
): 'rowids' | 'texts' | undefined {
  const { old, made } = rebuilt
  const own = columnOf(old, rowid ?? '')?.name
  const key = own ?? rowidKey(old)
  if (key === undefined || !isPassedOn(key, rebuilt)) return 'rowids'
  if (own === undefined && !isSame(rowidKey(made) ?? '', key)) return 'rowids'
  const indexed = columns.length > 0 ? columns : old.columns.map(({ name }) => name)
  return indexed.every((column) => isPassedOn(column, rebuilt)) ? undefined : 'texts'
}

/** The column that is the rowid itself. */
function rowidKey({ columns, primaryKey, withoutRowid }: SqliteTable): string | undefined {
  const [name, ...others] = primaryKey
  if (name === undefined || others.length > 0 || withoutRowid) return undefined
  const key = columns.find((one) => isSame(one.name, name))
  return key?.type.toUpperCase() === 'INTEGER' ? key.name : undefined
}

/** Whether a column keeps its values, its name and its type. */
function isPassedOn(name: string, { old, made, successorOf }: RebuiltContent): boolean {
  const [before, after] = [columnOf(old, name), columnOf(made, name)]
  const isComputed = before?.generated ?? after?.generated
  if (before === undefined || after === undefined || isComputed) return false
  return before.type === after.type && isSame(successorOf(name) ?? '', name)
}

function columnOf({ columns }: SqliteTable, name: string) {
  return columns.find((one) => isSame(one.name, name))
}

/** The SQL, without its semicolon, that rebuilds a full-text index from the table that contains the text. */
export function rebuildOfTextIndex(name: string): string {
  const table = `"${name.replaceAll('"', '""')}"`
  return `INSERT INTO ${table}(${table}) VALUES('rebuild')`
}

/** Whether a statement rebuilds a full-text index. */
export function rebuildsTextIndex(text: string, name: string): boolean {
  const detail = sqliteDetail({ text })
  if (detail.kind !== 'insert' || !isSame(detail.table, name)) return false
  const { columns = [], source } = detail
  if (columns.length !== 1 || !isSame(columns[0] ?? '', name) || source.kind !== 'values')
    return false
  return source.rows.some(({ start, end }) => /^\(\s*'rebuild'\s*\)$/i.test(text.slice(start, end)))
}

function isSame(one: string, other: string): boolean {
  return sqliteNameKey(one) === sqliteNameKey(other)
}
