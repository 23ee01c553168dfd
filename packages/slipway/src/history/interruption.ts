import type { Comparison } from './compare.ts'
import type { Direction, JournalEntry } from './postgres/ledger.ts'
import type { History } from './prisma-history.ts'

/** A migration that Slipway began and that a crash, a signal or a lost connection interrupted. */
export interface Interruption {
  readonly migration: string
  readonly direction: Direction
  /** The number of its transaction groups that are done. */
  readonly done: number
}

/**
 * The migration that a command can continue, if any: its journal records how far it got, and none of its statements
 * failed. `deploy` continues one that was being applied, `rollback` one that was being rolled back. Pure.
 */
export function findInterruption(
  { failed }: Comparison,
  history: History,
  journal: readonly JournalEntry[],
): Interruption | undefined {
  const [migration, ...more] = failed
  if (migration === undefined || more.length > 0) return undefined
  const entries = journal.filter((entry) => entry.migration === migration)
  const [first] = entries
  if (!first || entries.some(({ direction }) => direction !== first.direction)) return undefined
  const refused = history.rows.some(
    (row) =>
      row.migration === migration &&
      row.finishedAt === null &&
      row.rolledBackAt === null &&
      row.logs !== null,
  )
  // A failed down migration may have been corrected since; a failed migration needs `repair`.
  if (refused && first.direction === 'up') return undefined
  return {
    migration,
    direction: first.direction,
    done: entries.filter(({ finished }) => finished).length,
  }
}
