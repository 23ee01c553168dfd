import type { StatementParser } from '../statements/index.ts'
import type { Hazard } from './hazard.ts'
import type { JudgeInput } from './judge-input.ts'

/** The start and end index of a piece of text, and its replacement. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** A hazard that the new text no longer has. */
export interface ResolvedHazard extends Pick<Hazard, 'id' | 'statement' | 'line' | 'lock'> {
  readonly done: string
}

/** A hazard that remains in the new text. */
export interface RemainingHazard extends Pick<Hazard, 'id' | 'statement' | 'line' | 'lock'> {
  readonly reason: string
}

/** The safe form of a migration. */
export interface RewriteResult {
  /** The new text; the original if nothing was rewritten. */
  readonly sql: string
  /** The edits that turn the old text into the new one, in order. */
  readonly edits: readonly Edit[]
  readonly rewritten: readonly ResolvedHazard[]
  readonly left: readonly RemainingHazard[]
}

/** The migrations to rewrite, and the parser. */
export interface RewriteRequest extends JudgeInput {
  /** Must be loaded. Parses the new text. */
  readonly parser: StatementParser
}

/** The fields that identify a hazard in a rewriting. */
export type HazardId = Pick<Hazard, 'id' | 'statement' | 'line' | 'lock'>

/** Reduces a hazard to its identifying fields. */
export function identify({ id, statement, line, lock }: Hazard): HazardId {
  return { id, statement, line, ...(lock === undefined ? {} : { lock }) }
}

/** Compares two hazards by statement number, for sorting a report. */
export function inOrder(one: HazardId, other: HazardId): number {
  return one.statement - other.statement
}

/** Applies edits to a text. */
export function applyEdits(sql: string, edits: readonly Edit[]): string {
  let text = sql
  for (const { start, end, text: instead } of edits.toReversed()) {
    text = text.slice(0, start) + instead + text.slice(end)
  }
  return text
}

/** Gives new lines the line endings of the file. */
export function inLineEnds(edits: readonly Edit[], sql: string): Edit[] {
  if (!sql.includes('\r\n')) return [...edits]
  return edits.map((edit) => ({ ...edit, text: edit.text.replaceAll(/\r?\n/g, '\r\n') }))
}
