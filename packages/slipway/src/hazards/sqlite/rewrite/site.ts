import type { Statement } from '../../../statements/index.ts'
import type { Facts } from '../../facts.ts'
import type { Hazard, JudgedMigration } from '../../hazard.ts'
import type { Rebuild } from '../rebuild.ts'
import type { MigrationRun } from '../rule.ts'
import type { Changes } from './changes.ts'

/** A migration that is rewritten, with what is found so far. */
export interface Site {
  readonly migration: JudgedMigration
  readonly run: MigrationRun
  readonly facts: Facts
  /** Those that are not accepted. */
  readonly hazards: readonly Hazard[]
  readonly changes: Changes
  /** Hazards that are gone from the new text, each with what was done. */
  readonly done: Map<Hazard, string>
  /** Hazards that have a safe form in general, and why there is none here. */
  readonly left: Map<Hazard, string>
  /** Rebuilds that become ALTER TABLE. */
  readonly altered: Set<Rebuild>
  /** Statements that the new text replaces by a rebuild of a table that others refer to. */
  readonly rebuilt: Statement[]
}

/** The hazards of some ids at one of some statements that are not done yet. */
export function hazardsAt(
  { hazards, done }: Site,
  statements: readonly Statement[],
  ids: readonly string[],
): Hazard[] {
  const numbers = new Set(statements.map(({ number }) => number))
  return hazards.filter(
    (hazard) => ids.includes(hazard.id) && numbers.has(hazard.statement) && !done.has(hazard),
  )
}

/** Records that hazards are gone. */
export function settle({ done }: Site, hazards: readonly Hazard[], text: string): void {
  for (const hazard of hazards) done.set(hazard, text)
}

/** Records why hazards stay. */
export function leave({ left }: Site, hazards: readonly Hazard[], reason: string): void {
  for (const hazard of hazards) left.set(hazard, reason)
}
