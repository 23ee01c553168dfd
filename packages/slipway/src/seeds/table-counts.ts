import type { RowChange } from './row-change.ts'

/** Rows of a table that the server deleted or changed because other rows were deleted. */
export interface CascadedRows {
  readonly table: string
  readonly deleted: number
  readonly updated: number
}

/** The changes that a merge made to a table, or would make. */
export interface TableCounts {
  /** As the set names it. */
  readonly table: string
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  readonly unchanged: number
  /** Rows of other tables that were deleted or changed together with deleted rows. */
  readonly cascaded?: readonly CascadedRows[]
  /** In a dry run: the first rows that would change, by their natural keys. */
  readonly rows?: readonly RowChange[]
}

/** Counts existing rows as updated in which only columns that refer to later rows were filled. */
export function withFilled(counts: TableCounts, filled: number): TableCounts {
  return {
    ...counts,
    updated: counts.updated + filled,
    unchanged: counts.unchanged - filled,
  }
}
