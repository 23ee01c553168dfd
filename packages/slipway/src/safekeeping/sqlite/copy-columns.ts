import { balanced, quoteIdentifier } from '../../database/index.ts'

// The columns of a table in which the ledger keeps rows or values, in addition to the kept ones.

/** Holds the rowid, where it is not a column of the table. */
export const ROWID = '_slipway_rowid'

/** Says of a row that it was gone, and that no other one had taken its place. */
export const IS_GONE = '_slipway_gone'

/** What the migration left of a row, as one text (`rowText`). */
export const LEFT = '_slipway_left'

/** The columns that this text is made of, as a JSON array; the same in each row. */
export const LEFT_OF = '_slipway_left_of'

/** Holds what a value was changed to. */
export function laterColumn(column: string): string {
  return `_slipway_later_${column}`
}

/** SQL of the values of a row as one string, equal only for rows with equal values of equal types, regardless of their collation. */
export function rowText(columns: readonly string[], alias?: string): string {
  const texts = columns.map((column) => {
    const name = (alias === undefined ? '' : `${alias}.`) + quoteIdentifier(column)
    const sized = `octet_length(${name}) || ':' || ${name}`
    return `CASE typeof(${name}) WHEN 'text' THEN 't' || ${sized} WHEN 'blob' THEN 'b' || ${sized} ELSE quote(${name}) END`
  })
  return balanced(texts, "|| ',' ||") || "''"
}
