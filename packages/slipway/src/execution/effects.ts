import type { Failure } from '../kernel/index.ts'
import type { Destruction, ObjectRef } from '../statements/index.ts'

/** Existing data that a transaction group destroyed, as the server saw it. */
export interface Effect extends Destruction {
  /** Rows deleted or updated; absent if the server does not count them, and of a column whose values were overwritten. */
  readonly rows?: number
  /**
   * What it belongs to, nearest first: the tables that a partition or an heir is part of, the table of a column, the
   * column of a sequence, the schema. What is announced of these holds for it.
   */
  readonly partOf: readonly ObjectRef[]
}

/**
 * Judges a transaction group by its effects and by what of them is not kept, before it commits. A failure rolls it back.
 */
export type Review = (
  effects: readonly Effect[],
  notKept: readonly Destruction[],
) => Failure | undefined
