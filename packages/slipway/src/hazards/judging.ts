import type { Facts } from './facts.ts'
import type { JudgedMigration, Rule } from './hazard.ts'
import type { Observed } from './observed.ts'

/** What to judge, and what it is judged by. */
export interface Judging {
  /** The applied migrations, in order: they are not judged, but give the existing schema. */
  readonly history: readonly JudgedMigration[]
  readonly migrations: readonly JudgedMigration[]
  readonly facts: Facts
  /** The project's own rules, in addition to the built-in ones. Fails with HAZARDS.DUPLICATE_RULE if an id is taken. */
  readonly rules?: readonly Rule[]
  /** What a test run saw of migrations, by their names. */
  readonly observed?: ReadonlyMap<string, Observed>
}
