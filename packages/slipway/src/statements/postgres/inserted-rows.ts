import type { Node } from 'libpg-query'
import type { InsertedRows } from '../action.ts'

type InsertStmt = Extract<Node, { InsertStmt: unknown }>['InsertStmt']
type Constant = Extract<Node, { A_Const: unknown }>['A_Const']

/** The rows of INSERT … VALUES, if it names its columns and each row is certainly new. */
export function insertedRows({
  cols,
  selectStmt,
  withClause,
  onConflictClause,
}: InsertStmt): InsertedRows | undefined {
  const columns = (cols ?? []).flatMap((item) =>
    'ResTarget' in item && !item.ResTarget.indirection ? [item.ResTarget.name ?? ''] : [],
  )
  const values =
    selectStmt && 'SelectStmt' in selectStmt ? selectStmt.SelectStmt.valuesLists : undefined
  if (!values || withClause || onConflictClause || columns.length !== cols?.length) return undefined
  return {
    columns,
    rows: values.map((row) => ('List' in row ? (row.List.items ?? []).map(textOf) : [])),
  }
}

/** The text of a constant, without a cast around it. */
function textOf(node: Node): string | undefined {
  if ('TypeCast' in node && node.TypeCast.arg) return textOf(node.TypeCast.arg)
  return 'A_Const' in node ? constantText(node.A_Const) : undefined
}

function constantText({ sval, ival, fval, boolval }: Constant): string | undefined {
  if (sval) return sval.sval ?? ''
  if (ival) return String(ival.ival ?? 0)
  if (fval) return fval.fval
  return boolval && String(boolval.boolval ?? false)
}
