import type { Expr, InsertStmt, SelectFrom } from 'sqlite3-parser'
import type { CopiedValue, ObjectName, RowCopy } from '../action.ts'
import { objectNameOf } from './definition.ts'

/**
 * The rows that an INSERT copies from another table; undefined if they come from elsewhere or from several
 * tables.
 */
export function rowCopyOf({ body, columns, with: common }: InsertStmt): RowCopy | undefined {
  // A common table expression may have the name of the table.
  if (common !== undefined || body.type !== 'SelectInsertBody') return undefined
  const { select, compounds = [], limit, with: inner } = body.select
  if (inner !== undefined) return undefined
  if (select.type !== 'SelectFrom' || compounds.length > 0) return undefined
  const from = sourceOf(select)
  if (from === undefined) return undefined
  const values = valuesIn(select)
  return {
    from,
    filtered: isFiltered(select) || limit !== undefined,
    ...(columns ? { to: columns.map(({ text }) => text) } : {}),
    ...(values ? { values } : {}),
  }
}

function sourceOf({ from }: SelectFrom): ObjectName | undefined {
  const table = from?.select
  if (table?.type !== 'TableSelectTable' || (from?.joins ?? []).length > 0) return undefined
  return objectNameOf(table.tblName)
}

function isFiltered({ whereClause, distinctness, groupBy = [], having }: SelectFrom): boolean {
  return (
    whereClause !== undefined ||
    distinctness === 'Distinct' ||
    groupBy.length > 0 ||
    having !== undefined
  )
}

/** The values of a SELECT; undefined for `*`. A `*` among others counts as one value of no known column. */
function valuesIn({ columns }: SelectFrom): readonly CopiedValue[] | undefined {
  const [first] = columns
  if (columns.length === 1 && first?.type !== 'ExprResultColumn') return undefined
  return columns.map((column) => {
    if (column.type !== 'ExprResultColumn') return { exact: false }
    const read = [...new Set(columnsIn(column.expr))]
    const [from] = read
    if (from === undefined || read.length > 1) return { exact: false }
    return { from, exact: column.expr.type === 'Id' || column.expr.type === 'QualifiedExpr' }
  })
}

/** The columns that an expression reads. A name in quotes may be a string if no column has it. */
function columnsIn(value: Expr): string[] {
  if (value.type === 'Id') return [value.name]
  if (value.type === 'QualifiedExpr') return [value.column.text]
  const parts = Object.entries(value).filter(([key]) => key !== 'name' && key !== 'span')
  return parts
    .flatMap(([, part]) => [part].flat())
    .flatMap((part) => (isExpr(part) ? columnsIn(part) : []))
}

function isExpr(part: unknown): part is Expr {
  return typeof part === 'object' && part !== null && 'type' in part
}
