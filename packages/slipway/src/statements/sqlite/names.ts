import type { AstNode, Expr, Name, QualifiedExpr } from 'sqlite3-parser'
import type { SqliteCall, SqliteColumnName, SqliteNames } from './detail.ts'
import { sqliteNameKey } from './name-key.ts'
import { sqliteParser } from './parser.ts'

/** The names in parts of a statement. `sql` is the text of the statement. */
export function namesIn(nodes: readonly (AstNode | undefined)[], sql: string): SqliteNames {
  const found: Found = {
    tables: [],
    columns: [],
    functions: [],
    aliases: [],
    own: new Set(),
  }
  for (const node of nodes) if (node) walk(node, sql, found)
  return {
    tables: distinct(found.tables).filter((name) => !found.own.has(sqliteNameKey(name))),
    columns: found.columns,
    functions: found.functions,
    aliases: [...found.own, ...found.aliases],
  }
}

interface Found {
  readonly tables: string[]
  readonly columns: SqliteColumnName[]
  readonly functions: SqliteCall[]
  readonly aliases: string[]
  /** The names of WITH queries. */
  readonly own: Set<string>
}

function walk(root: AstNode, sql: string, found: Found): void {
  sqliteParser().traverse(root, {
    enter(node) {
      switch (node.type) {
        case 'CommonTableExpr':
          found.own.add(sqliteNameKey(node.tblName.text))
          break
        case 'AsAs':
        case 'ElidedAs':
          found.aliases.push(node.name.text)
          break
        case 'TableSelectTable':
        case 'TableCallSelectTable':
        case 'InsertStmt':
        case 'UpdateStmt':
        case 'DeleteStmt':
        case 'InsertTriggerCmd':
        case 'UpdateTriggerCmd':
        case 'DeleteTriggerCmd':
          found.tables.push(node.tblName.objName.text)
          if (node.type === 'InsertTriggerCmd') addNames(node.colNames ?? [], found)
          break
        case 'InTableExpr':
          found.tables.push(node.rhs.objName.text)
          break
        case 'SetAssignment':
          addNames(node.colNames, found)
          break
        case 'UsingJoinConstraint':
          addNames(node.columns, found)
          break
        case 'QualifiedExpr':
          found.columns.push(qualifiedName(node))
          break
        case 'NameExpr':
          found.columns.push(columnName(node.name.text, sql, node))
          break
        case 'Id':
          found.columns.push(columnName(node.name, sql, node))
          break
        case 'FunctionCallExpr':
        case 'FunctionCallStarExpr':
          found.functions.push({
            name: node.name.name,
            args: node.type === 'FunctionCallExpr' ? (node.args?.length ?? 0) : 1,
            at: node.name.span.offset,
          })
          break
        default:
      }
    },
    // A function's own name is not a column, nor is a word such as STORED.
    keys: {
      FunctionCallExpr: ['args', 'orderBy', 'filterOver'],
      FunctionCallStarExpr: ['filterOver'],
      GeneratedColumnConstraint: ['expr'],
    },
  })
}

function addNames(names: readonly Name[], { columns }: Found): void {
  columns.push(...names.map(({ text }) => ({ name: text })))
}

function columnName(name: string, sql: string, { span }: AstNode): SqliteColumnName {
  return sql[span.offset] === '"' ? { name, quotedAt: span.offset } : { name }
}

function qualifiedName({ schema, table, column }: QualifiedExpr): SqliteColumnName {
  const tableAt = { start: (schema ?? table).span.offset, end: column.span.offset }
  return { table: table.text, name: column.text, tableAt }
}

function distinct(names: readonly string[]): string[] {
  return [...new Map(names.map((name) => [sqliteNameKey(name), name])).values()]
}

/** The column, if the expression is a column and nothing else. */
export function plainColumn(expr: Expr): string | undefined {
  switch (expr.type) {
    case 'Id':
      return expr.name
    case 'NameExpr':
      return expr.name.text
    case 'QualifiedExpr':
      return expr.column.text
    case 'ParenthesizedExpr': {
      const [only] = expr.exprs
      return only && expr.exprs.length === 1 ? plainColumn(only) : undefined
    }
    default:
      return undefined
  }
}

/**
 * Whether an expression is never NULL: for example, a constant, or coalesce with one as the last argument.
 */
export function isNeverNull(expr: Expr): boolean {
  switch (expr.type) {
    case 'NumericLiteral':
    case 'StringLiteral':
    case 'BlobLiteral':
    case 'KeywordLiteral':
    case 'CurrentDateLiteral':
    case 'CurrentTimeLiteral':
    case 'CurrentTimestampLiteral':
      return true
    case 'UnaryExpr':
      return isNeverNull(expr.expr)
    case 'ParenthesizedExpr':
      return expr.exprs.every(isNeverNull)
    case 'CastExpr':
      return isNeverNull(expr.expr)
    case 'CaseExpr':
      return (
        expr.elseExpr !== undefined &&
        [expr.elseExpr, ...expr.whenThenPairs.map(({ then }) => then)].every(isNeverNull)
      )
    case 'FunctionCallExpr': {
      const name = expr.name.name.toLowerCase()
      const last = expr.args?.at(-1)
      return (name === 'coalesce' || name === 'ifnull') && last !== undefined && isNeverNull(last)
    }
    default:
      return false
  }
}
