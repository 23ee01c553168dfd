import {
  repairJournal,
  runMigrations,
  type RunOutcome,
  type TargetSession,
} from '../execution/index.ts'
import {
  failedRowSql,
  finishedRowSql,
  journalClearSql,
  rolledBackRowSql,
} from '../history/index.ts'
import { command } from '../kernel/index.ts'
import { type MigrationPlan, planMigration } from '../plan/index.ts'
import { waySql } from '../schema/index.ts'
import { raise } from './failures.ts'
import { type Half, wayToStart } from './half.ts'

/** The SQL of an undo. */
export interface Undoing {
  readonly plan: MigrationPlan
}

/** What an undo would run: the way from what the target has to where the run began. Fails with REPAIR.NOT_OFFERED. */
export async function undoingOf(half: Half): Promise<Undoing> {
  const { migration } = half
  const way = await wayToStart(half)
  if (!way) {
    return raise('REPAIR.NOT_OFFERED', {
      message: `No SQL could be made that rolls back what stands of ${migration}.`,
      nextActions: [
        command(['repair', '--mark', 'rolled-back'], 'record it, when it was rolled back by hand'),
      ],
    })
  }
  const plan = planMigration({ name: migration, sql: waySql(way), path: `${migration} (undo)` })
  return { plan }
}

/** Runs the undo, and records with the last of it that the run never was. */
export async function undo(
  target: TargetSession,
  half: Half,
  { plan }: Undoing,
): Promise<RunOutcome> {
  const { session } = target
  const { migration, direction } = half
  const rowSql =
    direction === 'up' ? rolledBackRowSql(session, migration) : finishedRowSql(session, migration)
  if (!plan.atomic) {
    // A journal of the run that is rolled back would let a deploy go on with it.
    await session.execute(
      journalClearSql(session, migration) +
        failedRowSql(session, migration, 'An undo of it began and did not finish.'),
    )
  }
  return await runMigrations(
    target,
    [{ migration: plan, journal: repairJournal(session, migration, { direction, rowSql }) }],
    [],
  )
}
