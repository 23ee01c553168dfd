import { balanced, quoteIdentifier } from '../../database/index.ts'

// The columns that a table of kept data has in addition to the kept columns.

/** The rowid, if it is not a column of the table. */
export const ROWID = '_slipway_rowid'

/** Whether a row was gone and no other row had taken its place. */
export const IS_GONE = '_slipway_gone'

/** Marks a copy of rows that the migration added. */
export const IS_ADDED = '_slipway_added'

/** The row as the migration left it, as one text (`rowText`). */
export const LEFT = '_slipway_left'

/** The columns that this text consists of, as a JSON array; the same in each row. */
export const LEFT_OF = '_slipway_left_of'

/**
 * The other values of a row of which values are kept (`outlineText`), if a new row may have got its key. After the
 * restore, it is 1 where they were not the same.
 */
export const OTHERS = '_slipway_others'

/** The columns that this text consists of, as a JSON array; the same in each row. */
export const OTHERS_OF = '_slipway_others_of'

/** The column with the value that the migration left in another column. */
export function laterColumn(column: string): string {
  return `_slipway_later_${column}`
}

/**
 * SQL of the values of a row as one string, equal only for rows with equal values of equal types,
 * regardless of their collation.
 */
export function rowText(columns: readonly string[], alias?: string): string {
  const texts = columns.map((column) => {
    const name = (alias === undefined ? '' : `${alias}.`) + quoteIdentifier(column)
    const sized = `octet_length(${name}) || ':' || ${name}`
    return `CASE typeof(${name}) WHEN 'text' THEN 't' || ${sized} WHEN 'blob' THEN 'b' || ${sized} ELSE quote(${name}) END`
  })
  return balanced(texts, "|| ',' ||") || "''"
}

/** SQL of the types, lengths and first characters of the values of a row, which tell most rows apart. */
export function outlineText(columns: readonly string[], alias: string): string {
  const texts = columns.map((column) => {
    const name = `${alias}.${quoteIdentifier(column)}`
    return `coalesce(octet_length(${name}), '') || quote(substr(${name}, 1, 40))`
  })
  return balanced(texts, "|| ',' ||")
}
