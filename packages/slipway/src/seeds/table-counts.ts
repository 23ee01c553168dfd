import type { RowChange } from './row-change.ts'

/** Rows of a table that the server deleted or changed because other rows were deleted. */
export interface CascadedRows {
  readonly table: string
  readonly deleted: number
  readonly updated: number
}

/** What a merge did to a table, or would do. */
export interface TableCounts {
  /** As the set names it. */
  readonly table: string
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  readonly unchanged: number
  /** Rows of other tables that went or changed with deleted ones. */
  readonly cascaded?: readonly CascadedRows[]
  /** Of a dry run: the first rows that would change, by their natural keys. */
  readonly rows?: readonly RowChange[]
}

/** A row that was inserted in this run does not count as a change of an existing row. */
export function withFilled(counts: TableCounts, filled: number): TableCounts {
  const changed = Math.min(Math.max(filled - counts.inserted, 0), counts.unchanged)
  return {
    ...counts,
    updated: counts.updated + changed,
    unchanged: counts.unchanged - changed,
  }
}
