import type { Expr, InsertStmt, SelectFrom } from 'sqlite3-parser'
import type { CopiedColumn, ObjectName, RowCopy } from '../action.ts'
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
  const copied =
    columns &&
    copiedColumns(
      select,
      columns.map(({ text }) => text),
    )
  return {
    from,
    filtered: isFiltered(select) || limit !== undefined,
    ...(copied ? { columns: copied } : {}),
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

/** Undefined unless the SELECT writes out one value for each column. */
function copiedColumns(
  select: SelectFrom,
  names: readonly string[],
): readonly CopiedColumn[] | undefined {
  const values = select.columns.flatMap((column) =>
    column.type === 'ExprResultColumn' ? [column.expr] : [],
  )
  if (values.length !== select.columns.length || values.length !== names.length) return undefined
  return names.map((to, place) => {
    const value = values[place]
    const read = value === undefined ? [] : [...new Set(columnsIn(value))]
    const [from] = read
    if (from === undefined || read.length > 1) return { to, exact: false }
    return { to, from, exact: value?.type === 'Id' || value?.type === 'QualifiedExpr' }
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
