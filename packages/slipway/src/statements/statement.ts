import type { Action } from './action.ts'

/** The role of a statement in how its file must be run. */
export type StatementRole =
  | { readonly kind: 'ordinary' }
  /** `isolation`: the isolation level that it chooses, in lower case. */
  | { readonly kind: 'begin'; readonly isolation?: string }
  | { readonly kind: 'commit' }
  | { readonly kind: 'rollback' }
  /** It cannot run inside a transaction block. */
  | { readonly kind: 'alone'; readonly builds?: IndexName; readonly drops?: IndexName }
  /** `ALTER TYPE … ADD VALUE`: the value can be used only after it was committed. */
  | { readonly kind: 'enum-value'; readonly value: string }

/** An index as a statement names it; without a schema, the search path decides. */
export interface IndexName {
  readonly schema?: string
  readonly name: string
}

/** One SQL statement of a file. `start` and `end` are indexes of the file's text (UTF-16 units). */
export interface Statement {
  /** From 1, as people count. */
  readonly number: number
  readonly text: string
  readonly start: number
  readonly end: number
  readonly line: number
  readonly column: number
  readonly role: StatementRole
  readonly settings: SettingsEffect
  /** What it does, according to its syntax. */
  readonly actions: readonly Action[]
}

/**
 * Whether a statement changes settings of its session. `changes`: according to its syntax (SET, RESET,
 * DISCARD, set_config). `maybe`: it runs functions or code, which can. `transaction`: SET TRANSACTION, which
 * must precede every query of its transaction.
 */
export type SettingsEffect = 'none' | 'maybe' | 'changes' | 'transaction'
