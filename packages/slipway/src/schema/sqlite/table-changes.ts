import type { Session } from '../../database/index.ts'
import { loadSqliteParser, sqliteColumnTexts, sqliteNameKey } from '../../statements/index.ts'
import type { Statement } from '../../statements/index.ts'
import { affinityOf, convertsValues } from './affinity.ts'
import { isSameName } from './defined-objects.ts'
import { readPragmas, type SqlitePragmas } from './read-pragmas.ts'
import { type TracedTable, traceTables } from './traced-tables.ts'

/** A table of a SQLite database, as far as its rows are concerned. */
export interface RowTable {
  readonly name: string
  readonly columns: readonly RowColumn[]
  /** The columns that identify a row and are never NULL: its primary key, or else a unique index; none if it has neither. */
  readonly key: readonly string[]
  /**
   * A name of its rowid that no column has, or that of its INTEGER PRIMARY KEY. It identifies a row as long as the table
   * is not rebuilt. Absent if the table has no rowid, or none that can be named.
   */
  readonly rowid?: string
  /**
   * The columns that unique indexes compare; all columns if an index compares an expression or a generated
   * column.
   */
  readonly unique: readonly string[]
  /** It has an AUTOINCREMENT key: no row gets the rowid of a deleted one. */
  readonly counted?: true
  /** It is a virtual table: its module stores its rows. */
  readonly virtual?: true
}

/** A column of such a table. */
export interface RowColumn {
  readonly name: string
  /** As declared. */
  readonly type: string
  /** SQLite computes it. */
  readonly generated: boolean
}

/** The declared type of a column, in upper case; undefined if there is no such column. */
export function declaredType({ columns }: RowTable, name: string): string | undefined {
  return columns.find((one) => one.name === name)?.type.toUpperCase()
}

/** What becomes of a table: `before` is absent if it is new, `after` if it is dropped. */
export interface TableChange {
  readonly before?: RowTable
  readonly after?: RowTable
  readonly columns: readonly ColumnChange[]
  /** It was created again and its rows were copied: rowids are different. */
  readonly rebuilt: boolean
  /** Other names that it has only within the migration, also while a rebuild fills it. */
  readonly aliases?: readonly string[]
}

/** What becomes of a column: `before` is absent if it is new, `after` if it is dropped. */
export interface ColumnChange {
  readonly before?: string
  readonly after?: string
  /** Its values are unchanged: neither computed by a rebuild nor converted to a new type. */
  readonly exact: boolean
  /** Other names that it has only within the migration. */
  readonly aliases?: readonly string[]
}

/** Reads the tables of a project, except virtual tables, whose rows only their module can find. */
export async function readRowTables(session: Session): Promise<RowTable[]> {
  const { tables, columns, indexes, indexColumns } = await readPragmas(session)
  const ordinary = tables.filter(({ type }) => type === 'table')
  await loadSqliteParser()
  return ordinary.map(({ name, wr, sql }) => {
    const own = columns.filter(({ table }) => table === name)
    // A generated column changes with other columns.
    const required = new Set(
      own.filter((one) => one.notNull === 1 && one.hidden <= 1).map((one) => one.name),
    )
    const primary = own.filter(({ key }) => key > 0).toSorted((a, b) => a.key - b.key)
    const uniqueIndexes = indexes.filter((one) => one.table === name && one.isUnique === 1)
    const unique = uniqueIndexes
      .filter(({ partial }) => partial === 0)
      .map((index) => indexColumns.filter((one) => one.index === index.name))
      .find((parts) => parts.every(({ column }) => column !== null && required.has(column)))
    // The INTEGER PRIMARY KEY is the rowid, and needs no index.
    const [first] = primary
    const isRowid =
      wr === 0 &&
      primary.length === 1 &&
      first?.type.toUpperCase() === 'INTEGER' &&
      !uniqueIndexes.some(({ origin }) => origin === 'pk')
    // Other primary keys may contain NULL if they are not declared NOT NULL.
    const isKey = wr === 1 || isRowid || primary.every((one) => required.has(one.name))
    const names = primary.length > 0 && isKey ? primary.map((one) => one.name) : undefined
    const rowid = isRowid ? first.name : wr === 0 ? rowidOf(own.map((one) => one.name)) : undefined
    return {
      name,
      columns: own.map((one) => ({ name: one.name, type: one.type, generated: one.hidden > 1 })),
      key: names ?? (unique ?? []).flatMap(({ column }) => column ?? []),
      ...(rowid === undefined ? {} : { rowid }),
      ...(isRowid && isCounted(sql) ? { counted: true } : {}),
      unique: comparedColumns(own, uniqueIndexes, indexColumns) ?? own.map((one) => one.name),
    }
  })
}

function isCounted(sql: string): boolean {
  return sqliteColumnTexts(sql)?.some(({ counted }) => counted) === true
}

/** The columns of indexes; undefined if one has an expression or a generated column. */
function comparedColumns(
  own: SqlitePragmas['columns'],
  indexes: readonly { readonly name: string }[],
  parts: SqlitePragmas['indexColumns'],
): string[] | undefined {
  const names = new Set(indexes.map(({ name }) => name))
  const columns = parts.filter(({ index }) => names.has(index)).map(({ column }) => column)
  const stored = own.filter(({ hidden }) => hidden <= 1).map(({ name }) => name)
  return columns.every((column) => column !== null && stored.includes(column))
    ? [...new Set(columns.flatMap((column) => column ?? []))]
    : undefined
}

/** The name of the rowid of a table if it is not a column: copying the columns then gives rows new rowids. */
export function separateRowid({ rowid, columns }: RowTable): string | undefined {
  return columns.some(({ name }) => name === rowid) ? undefined : rowid
}

/** The names of a rowid, unless a column has the same name. Source: sqlite.org/rowidtable.html. */
export const ROWIDS: readonly string[] = ['rowid', '_rowid_', 'oid']

/**
 * The name by which a rowid can be read in a table with columns of these names; undefined if they include all
 * of its names.
 */
export function rowidOf(columns: readonly string[]): string | undefined {
  return ROWIDS.find((name) => !columns.some((one) => isSameName(one, name)))
}

/**
 * Follows tables through statements: a renamed table is the same table, a table that takes the name of
 * another one is not, and a new table that was filled from the old one and given its name is the old one,
 * rebuilt. `before` and `after` are the tables of the database before and after the statements.
 */
export function tableChanges(
  before: readonly RowTable[],
  after: readonly RowTable[],
  statements: readonly Pick<Statement, 'actions'>[],
): TableChange[] {
  const traced = traceTables(
    before,
    statements.flatMap(({ actions }) => actions),
  )
  const origins = new Map(before.map((table) => [table.name, table]))
  const present = after.map((table): TableChange => {
    const found = traced.get(sqliteNameKey(table.name))
    const old = found?.origin === undefined ? undefined : origins.get(found.origin)
    const columns = columnChanges(old, table, found)
    return {
      ...(old ? { before: old } : {}),
      after: table,
      columns,
      rebuilt: found?.rebuilt ?? false,
      ...aliasesOf(found?.names, [old?.name, table.name]),
    }
  })
  const kept = new Set(present.flatMap((one) => one.before?.name ?? []))
  const gone = before
    .filter(({ name }) => !kept.has(name))
    .map((table): TableChange => {
      const columns = table.columns.map(({ name }) => ({ before: name, exact: false }))
      return { before: table, columns, rebuilt: false }
    })
  return [...present, ...gone]
}

function columnChanges(
  old: RowTable | undefined,
  table: RowTable,
  found: TracedTable | undefined,
): ColumnChange[] {
  const present = table.columns.map(({ name, type }): ColumnChange => {
    const { origin, exact = false, names } = (old && found?.columns.get(sqliteNameKey(name))) ?? {}
    if (origin === undefined) return { after: name, exact }
    const source = old?.columns.find((column) => column.name === origin)
    const converted = convertsValues(affinityOf(source?.type ?? type), affinityOf(type))
    const aliases = aliasesOf(names, [origin, name])
    return { before: origin, after: name, exact: exact && !converted, ...aliases }
  })
  const kept = new Set(present.flatMap(({ before }) => before ?? []))
  const gone = (old?.columns ?? []).filter(({ name }) => !kept.has(name))
  return [...present, ...gone.map(({ name }) => ({ before: name, exact: false }))]
}

function aliasesOf(
  names: readonly string[] = [],
  known: readonly (string | undefined)[],
): { readonly aliases?: readonly string[] } {
  const aliases = names.filter(
    (name) => !known.some((one) => one !== undefined && isSameName(one, name)),
  )
  return aliases.length === 0 ? {} : { aliases: [...new Set(aliases)] }
}
