import type { Facts } from './facts.ts'
import type { JudgedMigration, Rule } from './hazard.ts'
import type { Observed } from './observed.ts'

/** The migrations to judge, and the input for judging them. */
export interface JudgeInput {
  /** The applied migrations, in order. They are not judged; the existing schema is derived from them. */
  readonly history: readonly JudgedMigration[]
  readonly migrations: readonly JudgedMigration[]
  readonly facts: Facts
  /** The project's own rules, in addition to the built-in ones. Fails with HAZARDS.DUPLICATE_RULE if an id is taken. */
  readonly rules?: readonly Rule[]
  /** What a test run observed, by migration name. */
  readonly observed?: ReadonlyMap<string, Observed>
}
