/** How tables are filled. */
export type RowStyle = 'edge' | 'sparse' | 'plain' | 'json' | 'none'

/** What was put into the tables of a shadow database. */
export interface Filling {
  /** How far the rows go to the ends of what the types hold; `none` where there are none. */
  readonly manner: RowStyle
  /** Rows in all. */
  readonly rows: number
  /** Tables that took no row: what their checks want could not be guessed. `name` is what the server calls them. */
  readonly empty: readonly FilledTable[]
  /** Tables with columns whose type is not known here: they hold NULL. */
  readonly valueless: readonly (FilledTable & { readonly columns: readonly string[] })[]
}

interface FilledTable {
  readonly id: string
  /** What the server calls it. */
  readonly name: string
}
