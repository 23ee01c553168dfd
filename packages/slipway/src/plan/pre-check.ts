import type { ObjectRef } from '../statements/index.ts'

/** What would be wrong with the rows. */
export type PreCheckKind =
  | 'not-null'
  | 'unique'
  | 'foreign-key'
  | 'check'
  | 'exclusion'
  | 'cast'
  | 'length'
  | 'enum-value'

/** Why the current rows do not decide whether the statement will fail. */
export interface Doubts {
  /** Of rows that offend now. */
  readonly violated?: string
  /** Of rows that do not. */
  readonly clean?: string
}

/** What one pending statement requires of the existing rows. */
export interface PreCheck {
  readonly migration: string
  /** Its number in its file. */
  readonly statement: number
  readonly line: number
  readonly kind: PreCheckKind
  /** What the rows would violate. */
  readonly object: ObjectRef
  /** A SELECT that gives the key of each offending row; nothing if no SQL can tell. */
  readonly sql: string | null
  readonly doubts: Doubts
}

/** The result of a pre-check. Plain data; of the rows it contains only keys. */
export interface PreCheckResult extends Omit<PreCheck, 'sql' | 'doubts'> {
  /** Nothing if it is not decided. */
  readonly ok: boolean | null
  /** Offending rows; counting ends at VIOLATION_LIMIT. */
  readonly violations: number
  /** Keys of the first of them, at most 5: `id=17`, `a=1, b=2`; `ctid=(0,1)` if there is no primary key. */
  readonly sample: readonly string[]
  /** Why it is not decided. */
  readonly undecided?: string
}

/** Where the counting of offending rows ends. */
export const VIOLATION_LIMIT = 1_000_000
