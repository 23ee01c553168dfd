import type { Migration } from '../statements/index.ts'
import type { Review } from './effects.ts'
import type { Hooks } from './hooks.ts'
import type { Journal } from './journal.ts'
import type { Keeper } from './keeper.ts'
import type { Observer } from './observer.ts'
import type { DataObjects } from './postgres/read-effects.ts'

/** A migration to be executed on a target: how it is recorded, observed and judged, and how its data is kept. */
export interface Execution {
  readonly migration: Migration
  readonly journal: Journal
  readonly hooks?: Hooks
  readonly observer?: Observer
  /** Judges each transaction group by what it destroyed, before it commits. */
  readonly review?: Review | undefined
  /** The objects that held data before the run; `runMigrations` reads them. */
  readonly existing?: DataObjects | undefined
  /** Keeps what the hooks do not. */
  readonly keeper?: Keeper | undefined
}
