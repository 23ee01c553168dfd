import { dialectOf, executeLocked, type Session } from '../database/index.ts'
import type { TargetSession } from '../execution/index.ts'
import {
  failedRowSql,
  finishedRowSql,
  journalClearSql,
  rolledBackRowSql,
} from '../history/index.ts'
import { command } from '../kernel/index.ts'
import { scriptSql } from '../schema/index.ts'
import { type Migration, parseMigration, parserFor } from '../statements/index.ts'
import { raise } from './failures.ts'
import { type RepairRun, type ReviewOf, runKeeping, runRestoring } from './keeping.ts'
import { type PartialMigration, scriptToStart } from './partial-migration.ts'

/** The SQL of an undo. */
export interface UndoPlan {
  readonly plan: Migration
}

/** The SQL of an undo, from the current schema to the one before the run. Fails with REPAIR.NOT_OFFERED. */
export async function planUndo(partial: PartialMigration, session: Session): Promise<UndoPlan> {
  const { migration } = partial
  const script = await scriptToStart(partial)
  if (!script) {
    return raise('REPAIR.NOT_OFFERED', {
      message: `Slipway found no SQL that rolls back the applied part of ${migration}.`,
      nextActions: [
        command(
          ['repair', '--mark', 'rolled-back', migration],
          'record it after rolling it back by hand',
        ),
      ],
    })
  }
  const file = { name: migration, sql: scriptSql(script), path: `${migration} (undo)` }
  return { plan: parseMigration(file, await parserFor(dialectOf(session))) }
}

/**
 * Runs the undo, and restores the earlier history row in its last transaction. Undoing a deploy restores the data
 * that it kept; any undo keeps what it destroys itself.
 */
export async function undo(
  target: TargetSession,
  partial: PartialMigration,
  { plan }: UndoPlan,
  review: ReviewOf,
): Promise<RepairRun> {
  const { session } = target
  const { migration, direction } = partial
  const rowSql =
    direction === 'up' ? rolledBackRowSql(session, migration) : finishedRowSql(session, migration)
  if (!plan.atomic) {
    // If the journal remained, a deploy would continue the run that is being undone.
    await executeLocked(
      session,
      journalClearSql(session, migration) +
        failedRowSql(session, migration, 'An undo began and did not finish.'),
    )
  }
  const run = direction === 'up' ? runRestoring : runKeeping
  return await run(target, { plan, direction, rowSql, review })
}
