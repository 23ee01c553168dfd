import type { ColumnDefinition, Expr, Stmt } from 'sqlite3-parser'
import { textOf } from './definition.ts'
import { sqliteNameKey } from './name-key.ts'
import { namesIn } from './names.ts'
import { sqliteParser } from './parser.ts'

/** A column as written in the text of its table. */
export interface SqliteColumnText {
  readonly name: string
  /** Its whole definition: `"email" TEXT NOT NULL UNIQUE`. */
  readonly text: string
  /** As declared; empty if there is none. */
  readonly type: string
  /** ALTER TABLE … ADD COLUMN accepts it, whatever rows the table has. */
  readonly addable: boolean
  /** It is NOT NULL and has no default. */
  readonly required: boolean
  /** AUTOINCREMENT: SQLite generates its values and never reuses one. */
  readonly counted: boolean
  /** SQLite computes it. */
  readonly generated: boolean
}

/**
 * The columns of a table, read from its CREATE TABLE; undefined for a virtual table. Needs `loadSqliteParser`
 * first.
 */
export function sqliteColumnTexts(sql: string): SqliteColumnText[] | undefined {
  const found = statementIn(sql)
  const body = found?.type === 'CreateTableStmt' ? found.body : undefined
  if (body?.type !== 'ColumnsAndConstraintsCreateTableBody') return undefined
  return body.columns.map((column) => ({
    name: column.colName.text,
    // The parser gives all columns the start of the table's first column.
    text: sql.slice(column.colName.span.offset, column.span.offset + column.span.length).trim(),
    type: column.colType === undefined ? '' : textOf(sql, column.colType),
    addable: isAddable(column),
    required: isRequired(column),
    counted: constraintsOf(column).some(
      (one) => one.type === 'PrimaryKeyColumnConstraint' && one.autoIncrement,
    ),
    generated: isGenerated(column),
  }))
}

/** A virtual table as written in its text: `fts5` with `title` and `content='post'`. */
export interface SqliteVirtualTable {
  readonly module: string
  readonly arguments: readonly string[]
}

/**
 * The module and arguments of a virtual table; undefined for any other table. Needs `loadSqliteParser` first.
 */
export function sqliteVirtualTable(sql: string): SqliteVirtualTable | undefined {
  const found = statementIn(sql)
  if (found?.type !== 'CreateVirtualTableStmt') return undefined
  return {
    module: found.moduleName.text.toLowerCase(),
    arguments: (found.args ?? []).map((one) => one.trim()),
  }
}

/**
 * Gives a CREATE TABLE or CREATE VIRTUAL TABLE another name (as SQL), also where a constraint qualifies a
 * column with the old name. Needs `loadSqliteParser` first.
 */
export function withTableName(sql: string, name: string): string {
  const found = statementIn(sql)
  if (found?.type !== 'CreateTableStmt' && found?.type !== 'CreateVirtualTableStmt') return sql
  const { text: old, span } = found.tblName.objName
  const places = namesIn([found], sql).columns.flatMap(({ table = '', tableAt }) =>
    tableAt && sqliteNameKey(table) === sqliteNameKey(old) ? [{ ...tableAt, by: `${name}.` }] : [],
  )
  const first = { start: span.offset, end: span.offset + span.length, by: name }
  let renamed = sql
  for (const { start, end, by } of [first, ...places].toSorted(
    (one, other) => other.start - one.start,
  ))
    renamed = renamed.slice(0, start) + by + renamed.slice(end)
  return renamed
}

/**
 * The words of a statement that may be names, in lower case: they tell whether a view or a trigger may use a
 * table. Needs `loadSqliteParser` first.
 */
export function sqliteNamesIn(sql: string): ReadonlySet<string> {
  const { tokenize, tokenName } = sqliteParser()
  const names = [...tokenize(sql)].flatMap(({ type, text }) => {
    const kind = tokenName(type)
    // "text" in quotes may be a name, and a keyword may be one where no keyword fits.
    return kind === 'BLOB' || /^\W$/.test(text) ? [] : [bare(text).toLowerCase()]
  })
  return new Set(names)
}

/**
 * A statement in which some names in double quotes can only be names: SQLite reads "name" as a string if no
 * column has this name. Needs `loadSqliteParser` first.
 */
export function withPlainNames(sql: string, isOne: (name: string) => boolean): string {
  let text = sql
  for (const { text: token, span } of [...sqliteParser().tokenize(sql)].toReversed()) {
    if (!token.startsWith('"') || !isOne(bare(token))) continue
    const name = `\`${bare(token).replaceAll('`', '``')}\``
    text = text.slice(0, span.offset) + name + text.slice(span.offset + span.length)
  }
  return text
}

/** The positions of a word in a text, whatever its case and quotes. Needs `loadSqliteParser` first. */
export function tokenPlaces(sql: string, word: string): number[] {
  return [...sqliteParser().tokenize(sql)]
    .filter(({ text }) => bare(text).toLowerCase() === word.toLowerCase())
    .map(({ span }) => span.offset)
}

function bare(text: string): string {
  const quote = text[0] ?? ''
  return '"`[\''.includes(quote) ? text.slice(1, -1).replaceAll(quote + quote, quote) : text
}

function statementIn(sql: string): Stmt | undefined {
  const parsed = sqliteParser().parse(sql)
  return parsed.status === 'ok' ? parsed.root.cmds[0] : undefined
}

function constraintsOf({ constraints }: ColumnDefinition) {
  return constraints.map(({ constraint }) => constraint)
}

function defaultOf(column: ColumnDefinition): Expr | undefined {
  const found = constraintsOf(column).find((one) => one.type === 'DefaultColumnConstraint')
  return found?.type === 'DefaultColumnConstraint' ? found.expr : undefined
}

function hasNotNull(column: ColumnDefinition): boolean {
  return constraintsOf(column).some(
    (one) => one.type === 'NotNullColumnConstraint' && !one.nullable,
  )
}

function isRequired(column: ColumnDefinition): boolean {
  const value = defaultOf(column)
  const isEmpty = value === undefined || value.type === 'NullLiteral'
  return hasNotNull(column) && isEmpty && !isGenerated(column)
}

function isGenerated(column: ColumnDefinition): boolean {
  return constraintsOf(column).some(({ type }) => type === 'GeneratedColumnConstraint')
}

/** Source: sqlite.org/lang_altertable.html, section 5. */
function isAddable(column: ColumnDefinition): boolean {
  const value = defaultOf(column)
  const isEmpty = value === undefined || value.type === 'NullLiteral'
  if (!isEmpty && !isConstant(value)) return false
  return constraintsOf(column).every((one) => {
    switch (one.type) {
      case 'PrimaryKeyColumnConstraint':
      case 'UniqueColumnConstraint':
        return false
      case 'NotNullColumnConstraint':
        return one.nullable || !isEmpty
      case 'ForeignKeyColumnConstraint':
        return isEmpty
      case 'GeneratedColumnConstraint':
        return one.typ?.name.toLowerCase() !== 'stored'
      // Existing rows are checked with the default, which is not computed here.
      case 'CheckColumnConstraint':
        return isEmpty
      default:
        return true
    }
  })
}

function isConstant(value: Expr): boolean {
  switch (value.type) {
    case 'NumericLiteral':
    case 'StringLiteral':
    case 'BlobLiteral':
    case 'KeywordLiteral':
    case 'Id':
      return true
    case 'UnaryExpr':
      return value.expr.type === 'NumericLiteral'
    default:
      return false
  }
}
