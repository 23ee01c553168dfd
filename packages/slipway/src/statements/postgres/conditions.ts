import type { Node } from 'libpg-query'
import { names } from './definition.ts'
import { treeOf } from './parser.ts'

/** A test of a column for NULL. */
export interface NullTest {
  readonly column: string
  readonly is: 'null' | 'not-null'
}

/**
 * The conditions of an SQL expression that AND joins: a test for NULL, or nothing for any other condition.
 * Needs `loadParser` first.
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
