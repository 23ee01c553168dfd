import type { ObjectRef } from '../statements/index.ts'

/** The requirement that rows may violate. */
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
export interface UndecidedReasons {
  /** If rows violate it now: why the statement may still succeed. */
  readonly violated?: string
  /** If no row violates it now: why the statement may still fail. */
  readonly clean?: string
}

/** What one pending statement requires of the existing rows. */
export interface PreCheck {
  readonly migration: string
  /** The number of the statement in its file. */
  readonly statement: number
  readonly line: number
  readonly kind: PreCheckKind
  /** The object that the rows would violate. */
  readonly object: ObjectRef
  /** A SELECT that returns the key of each offending row; null if SQL cannot find them. */
  readonly sql: string | null
  readonly doubts: UndecidedReasons
}

/** The result of a pre-check. Plain data; the only row content in it is keys. */
export interface PreCheckResult extends Omit<PreCheck, 'sql' | 'doubts'> {
  /** Null if undecided. */
  readonly ok: boolean | null
  /** The number of offending rows, at most VIOLATION_LIMIT. */
  readonly violations: number
  /** The keys of the first offending rows, at most 5: `id=17`, `a=1, b=2`; `ctid=(0,1)` without a primary key. */
  readonly sample: readonly string[]
  /** Why the result is undecided. */
  readonly undecided?: string
}

/** The maximum number of offending rows to count. */
export const VIOLATION_LIMIT = 1_000_000
