import { executeLocked } from '../database/index.ts'
import type { TargetSession } from '../execution/index.ts'
import {
  clearErrorSql,
  finishedRowSql,
  journalClearSql,
  type JournalEntry,
  journalFinishSql,
  rolledBackRowSql,
} from '../history/index.ts'
import { command, sha256 } from '../kernel/index.ts'
import type { TransactionGroup, Migration } from '../statements/index.ts'
import { describeStop } from './diagnosis.ts'
import { raise } from './failures.ts'
import { type RepairRun, type ReviewOf, runKeeping, runRestoring } from './keeping.ts'
import type { PartialMigration } from './partial-migration.ts'

/** The remaining statements of a migration, and the journal of the applied ones. */
export interface Remainder {
  readonly plan: Migration
  readonly entries: readonly JournalEntry[]
  /** The remaining statements, which may destroy data. */
  readonly rest: Pick<Migration, 'name' | 'statements'>
}

/** What a finish would run. `from` decides if the catalog cannot. Fails with REPAIR.NOT_OFFERED. */
export function remainderOf(partial: PartialMigration, from: number | undefined): Remainder {
  const done = doneOf(partial, from)
  const { plan, direction, migration } = partial
  const groups = plan.groups.map((group) => withoutDone(group, done))
  const entries = plan.groups
    .filter(({ statements }) => statements.every(({ number }) => number <= done))
    .map(({ number, sql }) => ({
      migration,
      direction,
      group: number,
      checksum: sha256(sql),
      finished: true,
    }))
  const statements = plan.statements.filter(({ number }) => number > done)
  return {
    plan: { ...plan, groups, atomic: plan.atomic && done === 0 },
    entries,
    rest: { name: migration, statements },
  }
}

function doneOf({ stop, failure, migration }: PartialMigration, from: number | undefined): number {
  if (failure) {
    return raise('REPAIR.NOT_OFFERED', {
      message: `${migration} cannot be finished: its statement ${failure.statement} also fails on a shadow database.`,
      why: `${failure.message}.`,
      nextActions: [
        command(
          ['repair', '--undo', migration],
          'restore the schema as it was before the migration',
        ),
      ],
    })
  }
  const asked = from === undefined ? undefined : from - 1
  if (stop.kind === 'stopped' && (asked === undefined || asked === stop.done)) return stop.done
  if (stop.kind === 'in-doubt' && asked !== undefined && stop.possible.includes(asked)) return asked
  return raise('REPAIR.NOT_OFFERED', {
    message: `${migration} cannot be finished${from === undefined ? '' : `, starting with statement ${from}`}.`,
    why: `State of the database: ${describeStop(stop)}.`,
    nextActions: [command(['repair'], 'show the options')],
  })
}

/** A transaction group without its applied statements. Only a file that was run by hand stops within a group. */
function withoutDone(group: TransactionGroup, done: number): TransactionGroup {
  const statements = group.statements.filter(({ number }) => number > done)
  const [first] = statements
  if (!first || statements.length === group.statements.length) return group
  return {
    ...group,
    statements,
    sql: group.sql.slice(first.start - group.offset),
    offset: first.start,
  }
}

/**
 * Runs the remaining statements, and records the migration in the last transaction. Like a deploy or a rollback,
 * keeps what they destroy, and restores what the deploy kept if the migration is rolled back.
 */
export async function finish(
  target: TargetSession,
  partial: PartialMigration,
  remainder: Remainder,
  review: ReviewOf,
): Promise<RepairRun> {
  const { session } = target
  const { plan, entries } = remainder
  const { migration, direction } = partial
  if (!plan.atomic) {
    // With the journal of the applied groups, a deploy can continue if this run is interrupted.
    await executeLocked(
      session,
      [
        journalClearSql(session, migration),
        ...entries.map((entry) => journalFinishSql(session, entry)),
        clearErrorSql(session, migration),
      ].join(''),
    )
  }
  const rowSql =
    direction === 'up'
      ? finishedRowSql(session, migration, partial.plan.checksum)
      : rolledBackRowSql(session, migration)
  const run = direction === 'up' ? runKeeping : runRestoring
  return await run(target, { plan, direction, rowSql, review, entries })
}
