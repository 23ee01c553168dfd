import type { Session } from '../database/index.ts'
import { keepHooksFor, prepareKeeping } from '../deploy/index.ts'
import {
  type Journal,
  repairJournal,
  type Review,
  runMigrations,
  type RunOutcome,
  type TargetSession,
} from '../execution/index.ts'
import type { JournalEntry } from '../history/index.ts'
import type { Failure } from '../kernel/index.ts'
import { prepareRestoring, stillKeptFailure } from '../rollback/index.ts'
import type { Migration, TableRef } from '../statements/index.ts'

/** The review of a repair's SQL that restores rows of these tables; undefined if the target is not protected. */
export type ReviewOf = (restored: readonly TableRef[]) => Review | undefined

/** The SQL of a repair. */
interface RepairSql {
  readonly plan: Migration
  readonly direction: Journal['direction']
  /** Records the migration at the end. */
  readonly rowSql: string
  readonly review: ReviewOf
  /** The journal of the groups that are done; none if absent. */
  readonly entries?: readonly JournalEntry[]
}

/** The result of a repair's SQL. */
export interface RepairRun extends RunOutcome {
  /** Set if data that the deploy kept was not restored. */
  readonly stillKept?: Failure | undefined
}

/** Runs the SQL of a repair that applies a migration. Like a deploy, keeps what it destroys. The ledger must exist. */
export async function runKeeping(target: TargetSession, sql: RepairSql): Promise<RepairRun> {
  const { session } = target
  const { plan, review, entries = [] } = sql
  const keeping = await prepareKeeping(session, [plan], { wanted: true })
  const journal = repairJournal(session, plan.name, sql)
  const execution = {
    migration: plan,
    journal,
    review: review([]),
    ...keepHooksFor(keeping, plan),
  }
  return await runMigrations(target, [execution], entries)
}

/**
 * Runs the SQL of a repair that removes a migration. Like a rollback, restores what the deploy kept, and keeps what
 * it destroys itself. The ledger must exist.
 */
export async function runRestoring(target: TargetSession, sql: RepairSql): Promise<RepairRun> {
  const { session } = target
  const { plan, direction, rowSql, review, entries = [] } = sql
  const journalOf = (_: Session, migration: string, end: string) =>
    repairJournal(session, migration, { direction, rowSql: end + rowSql })
  const { executions, kept, keptNow } = await prepareRestoring(session, [plan], { journalOf })
  const restored = kept.map(({ table }) => table)
  const reviewed = executions.map((one) => ({ ...one, review: review(restored) }))
  const run = await runMigrations(target, reviewed, entries)
  const { receipts } = run
  return {
    ...run,
    stillKept: stillKeptFailure(await keptNow(), { plans: [plan], receipts, session }),
  }
}
