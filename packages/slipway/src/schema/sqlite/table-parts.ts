import { quoteIdentifier } from '../../database/index.ts'
import type { SqliteColumn, SqliteForeignKey, SqliteTable } from '../../statements/index.ts'
import { isSameName } from './defined-objects.ts'

/** A part of CREATE TABLE that schema.prisma cannot express: a rebuild that Prisma writes loses it. */
export interface LostPart {
  readonly kind:
    | 'check'
    | 'collation'
    | 'generated column'
    | 'not null'
    | 'primary key'
    | 'unique'
    | 'deferral'
    | 'strict'
    | 'without rowid'
  /** The column that it is written with, or that it defines. */
  readonly column?: string
  /** The columns of a key or foreign key. */
  readonly columns?: readonly string[]
  /** As written in CREATE TABLE: `COLLATE NOCASE`. */
  readonly text: string
  /** A column that it names and that the new table does not have. */
  readonly gone?: string
}

/**
 * Why SQLite rejects a table with a part; undefined if it may accept it. For example, STRICT allows only some
 * types, and a table WITHOUT ROWID cannot have AUTOINCREMENT.
 */
export function refusalOfPart(made: SqliteTable, part: LostPart): string | undefined {
  const { kind, gone, columns = [] } = part
  if (gone !== undefined) return `it names the column ${gone}, which is dropped`
  switch (kind) {
    case 'strict': {
      const other = made.columns.find(({ type }) => !STRICT_TYPES.has(type.toUpperCase()))
      return (
        other && `the column ${other.name} has the type ${other.type}, which STRICT does not allow`
      )
    }
    case 'without rowid':
      return made.autoincrement ? 'the new table has AUTOINCREMENT, which needs a rowid' : undefined
    case 'generated column': {
      const next = part.column === undefined ? undefined : columnIn(made, part.column)
      return next?.default && 'the column has a default, which a generated column cannot have'
    }
    case 'primary key':
      return keyTextOf(made, columns) === undefined
        ? 'the new table declares its primary key in a column definition'
        : undefined
    default:
      return undefined
  }
}

/** Source: https://www.sqlite.org/stricttables.html */
const STRICT_TYPES = new Set(['INT', 'INTEGER', 'REAL', 'TEXT', 'BLOB', 'ANY'])

/** The CREATE TABLE of a table with additional parts, without a semicolon. */
export function withParts(made: SqliteTable, parts: readonly LostPart[]): string {
  const own = (column: SqliteColumn) =>
    parts.filter((part) => part.column !== undefined && isSameName(part.column, column.name))
  const textsOf = (kind: LostPart['kind']) =>
    parts.flatMap((part) => (part.kind === kind ? [part.text] : []))
  const columns = made.columns.map((column) =>
    [column.text, ...own(column).map(({ text }) => text)].join(' '),
  )
  const added = parts.filter(
    ({ kind, column }) => kind === 'generated column' && !columnIn(made, column ?? ''),
  )
  const ofTable = parts.filter(
    ({ kind, column }) => kind === 'unique' || (kind === 'check' && column === undefined),
  )
  return createTableText({
    name: made.name,
    lines: [
      ...columns,
      ...added.map(({ text }) => text),
      ...made.constraints.map((text) => constraintWith(text, made, parts)),
      ...ofTable.map(({ text }) => text),
    ],
    options: [...tableOptions(made), ...textsOf('strict'), ...textsOf('without rowid')],
  })
}

/** The options after the parentheses of CREATE TABLE. */
export function tableOptions({ strict, withoutRowid }: SqliteTable): string[] {
  return [...(strict ? ['STRICT'] : []), ...(withoutRowid ? ['WITHOUT ROWID'] : [])]
}

/** CREATE TABLE without a semicolon. */
export function createTableText({
  name,
  lines,
  options,
}: {
  readonly name: string
  readonly lines: readonly string[]
  readonly options: readonly string[]
}): string {
  const body = lines.map((line) => `    ${line}`).join(',\n')
  const end = options.length === 0 ? '' : ` ${options.join(', ')}`
  return `CREATE TABLE ${quoteIdentifier(name)} (\n${body}\n)${end}`
}

function constraintWith(text: string, made: SqliteTable, parts: readonly LostPart[]): string {
  const deferral = parts.find(
    ({ kind, column, columns = [] }) =>
      kind === 'deferral' && column === undefined && foreignKeyLike(made, columns)?.text === text,
  )
  if (deferral) return `${text} ${deferral.text}`
  const key = parts.find(
    ({ kind, columns = [] }) => kind === 'primary key' && keyTextOf(made, columns) === text,
  )
  return key?.text ?? text
}

/** The primary key of these columns, if it is a constraint of its table. */
function keyTextOf(made: SqliteTable, columns: readonly string[]): string | undefined {
  const key = made.keys.find(
    (one) => one.kind === 'primary key' && isSameList(one.columns, columns),
  )
  return key && made.constraints.find((text) => text === key.text)
}

/** The foreign key of these columns. */
export function foreignKeyLike(
  { foreignKeys }: SqliteTable,
  columns: readonly string[],
): SqliteForeignKey | undefined {
  return foreignKeys.find((key) => isSameList(key.columns, columns))
}

/** Whether two lists have the same names in the same order. */
export function isSameList(some: readonly string[], others: readonly string[]): boolean {
  return (
    some.length === others.length && some.every((name, at) => isSameName(name, others[at] ?? ''))
  )
}

export function columnIn({ columns }: SqliteTable, name: string): SqliteColumn | undefined {
  return columns.find((one) => isSameName(one.name, name))
}
