import type { Node } from 'libpg-query'
import { type ComparedPair, type ComparedValues, recordsOf } from '../compared-values.ts'
import { codeOf, names } from './definition.ts'
import { treeOf } from './parser.ts'

/**
 * The values that statements compare columns with: for each statement, one record with a value for each
 * column, and one for each further value (`IN`, `OR`, `CASE`). Columns are named without their table.
 * Statements in the code of a `DO` block or a function are included if they parse on their own. Needs
 * `loadParser` first.
 */
export function comparedValues(sql: string): ComparedValues[] {
  return (treeOf(sql)?.stmts ?? []).flatMap(({ stmt }) =>
    stmt
      ? [...recordsOf(pairsIn(stmt)), ...statementsIn(codeIn(stmt)).flatMap(comparedValues)]
      : [],
  )
}

function codeIn(node: Node): string {
  if ('DoStmt' in node) return codeOf(node.DoStmt.args)
  return 'CreateFunctionStmt' in node ? codeOf(node.CreateFunctionStmt.options) : ''
}

const CHANGE_OF_ROWS = /\b(?:DELETE\s+FROM|UPDATE|MERGE\s+INTO|INSERT\s+INTO)\b/i

/**
 * The statements of code that change rows, each without the text before it: `IF found THEN DELETE FROM …`.
 */
function statementsIn(code: string): string[] {
  return code.split(';').flatMap((part) => {
    const at = part.search(CHANGE_OF_ROWS)
    return at < 0 ? [] : [part.slice(at)]
  })
}

const COMPARED: readonly string[] = [
  'AEXPR_OP',
  'AEXPR_OP_ANY',
  'AEXPR_IN',
  'AEXPR_LIKE',
  'AEXPR_ILIKE',
  'AEXPR_NOT_DISTINCT',
]

/** All comparisons in a tree, at any depth. */
function pairsIn(tree: unknown): ComparedPair[] {
  if (Array.isArray(tree)) return tree.flatMap(pairsIn)
  if (typeof tree !== 'object' || tree === null) return []
  const own = 'A_Expr' in tree ? compared(tree as Extract<Node, { A_Expr: unknown }>) : []
  const labels = 'CaseExpr' in tree ? cases(tree as Extract<Node, { CaseExpr: unknown }>) : []
  return [...own, ...labels, ...Object.values(tree).flatMap(pairsIn)]
}

function compared({ A_Expr: tree }: Extract<Node, { A_Expr: unknown }>): ComparedPair[] {
  const { kind, lexpr, rexpr } = tree
  const column = columnIn(lexpr)
  if (kind === undefined || !COMPARED.includes(kind) || column === undefined) return []
  // The pattern without its wildcards is a text that it matches.
  const plain = (value: string) => (kind.endsWith('LIKE') ? value.replaceAll(/[%_]/g, '') : value)
  return literalsIn(rexpr).map((value) => [column, plain(value)])
}

/** `CASE status WHEN 'a' THEN …` */
function cases({ CaseExpr: { arg, args } }: Extract<Node, { CaseExpr: unknown }>): ComparedPair[] {
  const column = columnIn(arg)
  if (column === undefined) return []
  return (args ?? []).flatMap((one) =>
    'CaseWhen' in one
      ? literalsIn(one.CaseWhen.expr).map((value): ComparedPair => [column, value])
      : [],
  )
}

/** The column of an operand, including under a cast. */
function columnIn(node: Node | undefined): string | undefined {
  if (node === undefined) return undefined
  if ('TypeCast' in node) return columnIn(node.TypeCast.arg)
  return 'ColumnRef' in node ? names(node.ColumnRef.fields).at(-1) : undefined
}

function literalsIn(node: Node | undefined): string[] {
  if (node === undefined) return []
  if ('TypeCast' in node) return literalsIn(node.TypeCast.arg)
  if ('List' in node) return (node.List.items ?? []).flatMap(literalsIn)
  if ('A_ArrayExpr' in node) return (node.A_ArrayExpr.elements ?? []).flatMap(literalsIn)
  if (!('A_Const' in node)) return []
  const { sval, ival, fval } = node.A_Const as {
    sval?: { sval?: string }
    ival?: { ival?: number }
    fval?: { fval?: string }
  }
  if (sval) return [sval.sval ?? '']
  // Protobuf leaves out a zero.
  if (ival) return [String(ival.ival ?? 0)]
  return fval?.fval === undefined ? [] : [fval.fval]
}
