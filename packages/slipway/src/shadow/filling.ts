/** How tables are filled. */
export type RowStyle = 'edge' | 'sparse' | 'plain' | 'json' | 'none'

/** The rows that were inserted into the tables of a shadow database. */
export interface Filling {
  /** How close the values are to the limits of their types; `none` if there are no rows. */
  readonly style: RowStyle
  /** The total number of rows. */
  readonly rows: number
  /** Tables without rows, because no generated value satisfied their checks. */
  readonly empty: readonly TableName[]
  /** Tables with columns of a type for which no values are generated: they are NULL. */
  readonly valueless: readonly (TableName & { readonly columns: readonly string[] })[]
}

interface TableName {
  readonly id: string
  /** Its name as the server prints it. */
  readonly name: string
}
