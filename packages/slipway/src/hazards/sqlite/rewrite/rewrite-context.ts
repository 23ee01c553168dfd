import type { Statement } from '../../../statements/index.ts'
import type { Facts } from '../../facts.ts'
import type { Hazard, JudgedMigration } from '../../hazard.ts'
import type { Rebuild } from '../rebuild.ts'
import type { MigrationRun } from '../rule.ts'
import type { Changes } from './changes.ts'

/** A migration that is being rewritten, with the results so far. */
export interface RewriteContext {
  readonly migration: JudgedMigration
  readonly run: MigrationRun
  readonly facts: Facts
  /** The hazards that are not accepted. */
  readonly hazards: readonly Hazard[]
  readonly changes: Changes
  /** Hazards that the new text no longer has, each with what was done. */
  readonly done: Map<Hazard, string>
  /** Hazards that usually have a safe form, each with the reason why there is none here. */
  readonly left: Map<Hazard, string>
  /** Rebuilds that become ALTER TABLE. */
  readonly altered: Set<Rebuild>
  /** Statements that the new text replaces by a rebuild of a referenced table. */
  readonly rebuilt: Statement[]
}

/** The hazards with these ids at these statements that are not resolved yet. */
export function hazardsAt(
  { hazards, done }: RewriteContext,
  statements: readonly Statement[],
  ids: readonly string[],
): Hazard[] {
  const numbers = new Set(statements.map(({ number }) => number))
  return hazards.filter(
    (hazard) => ids.includes(hazard.id) && numbers.has(hazard.statement) && !done.has(hazard),
  )
}

/** Records that hazards are resolved. */
export function markResolved(
  { done }: RewriteContext,
  hazards: readonly Hazard[],
  text: string,
): void {
  for (const hazard of hazards) done.set(hazard, text)
}

/** Records why hazards remain. */
export function markRemaining(
  { left }: RewriteContext,
  hazards: readonly Hazard[],
  reason: string,
): void {
  for (const hazard of hazards) left.set(hazard, reason)
}
