import type { MigrationPlan } from '../plan/index.ts'
import type { Companions } from '../safekeeping/index.ts'
import type { Bookkeeping } from './bookkeeping.ts'

/** A migration to be run, with how it is recorded and what keeps or restores around its statements. */
export interface MigrationStep {
  readonly plan: MigrationPlan
  readonly books: Bookkeeping
  readonly companions?: Companions
}
