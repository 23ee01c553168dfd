import type { Expr, Stmt } from 'sqlite3-parser'
import { type ComparedPair, type ComparedValues, recordsOf } from '../compared-values.ts'
import { sqliteParser } from './parser.ts'

/**
 * The values that statements compare columns with, like `comparedValues` for PostgreSQL: for each statement,
 * one record with a value for each column, and one for each further value (`IN`, `OR`, `CASE`). Values are
 * SQL. The bodies of triggers are included. Needs `loadSqliteParser` first.
 */
export function sqliteComparedValues(sql: string): ComparedValues[] {
  const parsed = sqliteParser().parse(sql)
  if (parsed.status !== 'ok') return []
  return parsed.root.cmds.flatMap((statement) => recordsOf(pairsIn(statement)))
}

/**
 * The values that checks and generated columns of a table, or the condition of an index, compare a column
 * with. The values that a check allows are often among them. `all` is true if the check allows no others.
 * Needs `loadSqliteParser` first.
 */
export function sqliteCheckedValues(
  sql: string,
): { readonly column: string; readonly values: readonly string[]; readonly all: boolean }[] {
  const parsed = sqliteParser().parse(sql)
  const [statement] = parsed.status === 'ok' ? parsed.root.cmds : []
  if (statement === undefined) return []
  const closed = new Set(allowedColumns(statement))
  const values = Map.groupBy(pairsIn(statement), ([column]) => column)
  return [...values].map(([column, pairs]) => ({
    column,
    values: [...new Set(pairs.map(([, value]) => value))],
    all: closed.has(column),
  }))
}

/** Columns that a check restricts to a list: `CHECK (status IN ('new', 'old'))`. */
function allowedColumns(statement: Stmt): string[] {
  if (statement.type !== 'CreateTableStmt') return []
  const { body } = statement
  if (body.type !== 'ColumnsAndConstraintsCreateTableBody') return []
  const own = body.columns.flatMap(({ constraints }) => constraints)
  return [...own, ...(body.constraints ?? [])].flatMap(({ constraint }) => {
    const isCheck =
      constraint.type === 'CheckColumnConstraint' || constraint.type === 'CheckTableConstraint'
    const expr = isCheck ? within(constraint.expr) : undefined
    if (expr?.type !== 'InListExpr' || expr.not) return []
    return columnIn(expr.lhs) ?? []
  })
}

function pairsIn(root: Stmt): ComparedPair[] {
  const pairs: ComparedPair[] = []
  sqliteParser().traverse(root, {
    nodes: {
      BinaryExpr({ left, op, right }) {
        if (!COMPARING.includes(op)) return
        pairs.push(...compared(left, [right]), ...compared(right, [left]))
      },
      InListExpr({ lhs, rhs = [] }) {
        pairs.push(...compared(lhs, rhs))
      },
      BetweenExpr({ lhs, start, end }) {
        pairs.push(...compared(lhs, [start, end]))
      },
      LikeExpr({ lhs, rhs }) {
        pairs.push(
          ...compared(lhs, [rhs]).map(([column, value]): ComparedPair => [column, plain(value)]),
        )
      },
      CaseExpr({ base, whenThenPairs }) {
        if (base)
          pairs.push(
            ...compared(
              base,
              whenThenPairs.map(({ when }) => when),
            ),
          )
      },
    },
  })
  return pairs
}

const COMPARING = [
  'Equals',
  'Is',
  'Greater',
  'GreaterEquals',
  'Less',
  'LessEquals',
  'NotEquals',
  'IsNot',
]

/** The pattern without its wildcards is a text that it matches. */
function plain(value: string): string {
  return value.replaceAll(/[%_*?]/g, '')
}

function compared(column: Expr, values: readonly Expr[]): ComparedPair[] {
  const name = columnIn(column)
  if (name === undefined) return []
  return values.flatMap((value): ComparedPair[] => {
    const literal = literalIn(value)
    return literal === undefined ? [] : [[name, literal]]
  })
}

/** The column of an operand, including within COLLATE, CAST or parentheses. */
function columnIn(expr: Expr): string | undefined {
  switch (expr.type) {
    case 'Id':
      return expr.name
    case 'NameExpr':
      return expr.name.text
    case 'QualifiedExpr':
      return expr.column.text
    case 'CollateExpr':
    case 'CastExpr':
      return columnIn(expr.expr)
    case 'ParenthesizedExpr':
      return expr.exprs.length === 1 && expr.exprs[0] ? columnIn(expr.exprs[0]) : undefined
    default:
      return undefined
  }
}

function within(expr: Expr): Expr {
  const [only] = expr.type === 'ParenthesizedExpr' && expr.exprs.length === 1 ? expr.exprs : []
  return only ? within(only) : expr
}

function literalIn(expr: Expr): string | undefined {
  switch (expr.type) {
    case 'NumericLiteral':
      return expr.value
    case 'StringLiteral':
      return `'${expr.value.replaceAll("'", "''")}'`
    case 'UnaryExpr': {
      const value = expr.op === 'Negative' ? literalIn(expr.expr) : undefined
      return value === undefined ? undefined : `-${value}`
    }
    default:
      return undefined
  }
}
