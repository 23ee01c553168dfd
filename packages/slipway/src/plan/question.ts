import type { DatabaseSchema } from '../schema/index.ts'
import type { ObjectRef } from '../statements/index.ts'
import type { PendingRows, PendingTable } from './pending-rows.ts'
import { type RowCondition, offendingRows, unknownColumn } from './postgres/offending-rows.ts'
import type { UndecidedReasons, PreCheck, PreCheckKind } from './pre-check.ts'
import { doubtsOf, reasonFilled } from './row-changes.ts'

/** A pre-check of an action, without the statement to which it belongs. */
export type PreCheckQuestion = Pick<PreCheck, 'kind' | 'object' | 'sql' | 'doubts'>

/** The table of an action, and the state before and after the action. */
export interface QuestionContext {
  readonly rows: PendingRows
  readonly table: PendingTable
  /** The schema before the action. */
  readonly before: DatabaseSchema
}

/** The subject of a question, for messages. */
export interface Subject {
  readonly kind: PreCheckKind
  readonly object: ObjectRef
}

/**
 * The question for the offending rows of a table. For a table that pending statements create there is no
 * question, or an undecided one if a statement fills it.
 */
export function offendingRowsQuestion(
  { table }: QuestionContext,
  subject: Subject,
  offence: RowCondition,
): PreCheckQuestion[] {
  const doubts = doubtsOf(table, offence.columns)
  if (table.target === undefined) {
    const filled = reasonFilled(table)
    return filled === undefined ? [] : [undecided(subject, filled)]
  }
  const unknown = unknownColumn(table, offence.columns)
  if (unknown !== undefined) return [undecided(subject, unknown)]
  const pointless = doubts.violated !== undefined && doubts.clean !== undefined
  return [{ ...subject, sql: pointless ? null : offendingRows(table, offence), doubts }]
}

/** A question that the current rows cannot answer. */
export function undecided(subject: Subject, reason: string): PreCheckQuestion {
  const doubts: UndecidedReasons = { violated: reason, clean: reason }
  return { ...subject, sql: null, doubts }
}
