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

/** Adds filled columns to the counts; filling a row that this run inserted does not count as an update. */
export function withFilled(counts: TableCounts, filled: number): TableCounts {
  const changed = Math.min(Math.max(filled - counts.inserted, 0), counts.unchanged)
  return {
    ...counts,
    updated: counts.updated + changed,
    unchanged: counts.unchanged - changed,
  }
}
