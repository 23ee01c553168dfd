import type { BoolExpr, Node, TypeCast } from 'libpg-query'
import { names } from './definition.ts'
import { treeOf } from './parser.ts'

/** A test of a column for NULL. */
export interface NullTest {
  readonly column: string
  readonly is: 'null' | 'not-null'
}

/**
 * The conditions that an SQL expression joins with AND: a test for NULL, or undefined for any other
 * condition. Needs `loadParser` first.
 */
export function conditionsOf(expression: string): readonly (NullTest | undefined)[] {
  const query = treeOf(`SELECT WHERE ${expression}`)
  if (!query) return [undefined]
  const [tree] = (query.stmts ?? []).flatMap(({ stmt }) =>
    stmt && 'SelectStmt' in stmt ? [stmt] : [],
  )
  return joinedBy(tree?.SelectStmt.whereClause)
}

function joinedBy(node: Node | undefined): readonly (NullTest | undefined)[] {
  if (node === undefined) return [undefined]
  if ('BoolExpr' in node && node.BoolExpr.boolop === 'AND_EXPR')
    return (node.BoolExpr.args ?? []).flatMap(joinedBy)
  if (!('NullTest' in node)) return [undefined]
  const { arg, nulltesttype } = node.NullTest
  const column = arg && 'ColumnRef' in arg ? names(arg.ColumnRef.fields).at(-1) : undefined
  if (column === undefined) return [undefined]
  return [{ column, is: nulltesttype === 'IS_NULL' ? 'null' : 'not-null' }]
}

/**
 * Whether an SQL expression is true for every row: TRUE, or a comparison of equal constants. Needs
 * `loadParser` first.
 */
export function isAlwaysTrue(expression: string): boolean {
  const query = treeOf(`SELECT WHERE ${expression}`)
  const [tree] = query?.stmts ?? []
  const select = tree?.stmt && 'SelectStmt' in tree.stmt ? tree.stmt.SelectStmt : undefined
  return truthOf(select?.whereClause) === true
}

/** The value of a condition that does not depend on a row; undefined for any other. */
function truthOf(node: Node | undefined): boolean | undefined {
  if (node === undefined) return undefined
  if ('A_Const' in node) {
    const { boolval } = node.A_Const
    return boolval ? boolval.boolval === true : undefined
  }
  if ('TypeCast' in node) return castTruth(node.TypeCast)
  if ('BoolExpr' in node) return joinedTruth(node.BoolExpr)
  if (!('A_Expr' in node) || names(node.A_Expr.name).join('.') !== '=') return undefined
  const [left, right] = [node.A_Expr.lexpr, node.A_Expr.rexpr].map(constantOf)
  return left === undefined || right === undefined ? undefined : left === right
}

function joinedTruth({ boolop, args = [] }: BoolExpr): boolean | undefined {
  const values = args.map(truthOf)
  if (boolop === 'NOT_EXPR') return values[0] === undefined ? undefined : !values[0]
  const decides = boolop === 'OR_EXPR'
  if (values.includes(decides)) return decides
  return values.includes(undefined) ? undefined : !decides
}

/** `'t'::boolean`. */
function castTruth({ arg, typeName }: TypeCast): boolean | undefined {
  if (names(typeName?.names).at(-1) !== 'bool') return undefined
  const value = arg && 'A_Const' in arg ? arg.A_Const.sval?.sval : undefined
  return value === undefined ? truthOf(arg) : /^(?:t|true|y|yes|on|1)$/i.test(value)
}

/** A constant as text, without its location in the parse tree. */
function constantOf(node: Node | undefined): string | undefined {
  if (node === undefined || !('A_Const' in node) || node.A_Const.isnull) return undefined
  const { ival, fval, sval, boolval } = node.A_Const
  return JSON.stringify([ival, fval, sval, boolval])
}
