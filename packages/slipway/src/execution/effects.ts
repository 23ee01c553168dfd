import type { Failure } from '../kernel/index.ts'
import type { Destruction, ObjectRef } from '../statements/index.ts'

/** Existing data that a transaction group destroyed, as the server saw it. */
export interface Effect extends Destruction {
  /** Rows deleted or updated; absent if the server does not count them, and for a column with overwritten values. */
  readonly rows?: number
  /**
   * The objects that contain it, nearest first: the parent tables of a partition or an inheriting table, the table of
   * a column, the column that owns a sequence, the schema. An announced loss of one of these includes it.
   */
  readonly partOf: readonly ObjectRef[]
}

/**
 * Judges a transaction group before it commits, by its effects and by the destruction that is not kept. A failure
 * rolls it back.
 */
export type Review = (
  effects: readonly Effect[],
  notKept: readonly Destruction[],
) => Failure | undefined
