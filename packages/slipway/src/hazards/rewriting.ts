import type { StatementParser } from '../statements/index.ts'
import type { Hazard } from './hazard.ts'
import type { Judging } from './judging.ts'

/** A piece of a text, by its indexes, and its replacement. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** A hazard that is gone from the new text. */
export interface RewrittenHazard extends Pick<Hazard, 'id' | 'statement' | 'line' | 'lock'> {
  readonly done: string
}

/** A hazard that stays. */
export interface LeftHazard extends Pick<Hazard, 'id' | 'statement' | 'line' | 'lock'> {
  readonly reason: string
}

/** The safe form of a migration. */
export interface Rewriting {
  /** The new text; the old one if nothing is rewritten. */
  readonly sql: string
  /** From the old text to the new one, in order. */
  readonly edits: readonly Edit[]
  readonly rewritten: readonly RewrittenHazard[]
  readonly left: readonly LeftHazard[]
}

/** What is to be rewritten. */
export interface RewriteRequest extends Judging {
  /** Loaded; it reads the new text. */
  readonly parser: StatementParser
}

/** How a hazard is named in a rewriting. */
export type HazardId = Pick<Hazard, 'id' | 'statement' | 'line' | 'lock'>

/** A hazard as a rewriting names it. */
export function identify({ id, statement, line, lock }: Hazard): HazardId {
  return { id, statement, line, ...(lock === undefined ? {} : { lock }) }
}

/** The order of a report. */
export function inOrder(one: HazardId, other: HazardId): number {
  return one.statement - other.statement
}

/** A text with its edits. */
export function spliced(sql: string, edits: readonly Edit[]): string {
  let text = sql
  for (const { start, end, text: instead } of edits.toReversed()) {
    text = text.slice(0, start) + instead + text.slice(end)
  }
  return text
}

/** New lines end as those of the file do. */
export function inLineEnds(edits: readonly Edit[], sql: string): Edit[] {
  if (!sql.includes('\r\n')) return [...edits]
  return edits.map((edit) => ({ ...edit, text: edit.text.replaceAll(/\r?\n/g, '\r\n') }))
}
