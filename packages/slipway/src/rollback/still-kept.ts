import type { Session } from '../database/index.ts'
import type { Receipt } from '../execution/index.ts'
import { advice, command, type Failure, failureFrom } from '../kernel/index.ts'
import { type Kept, keptText, tableKey } from '../safekeeping/index.ts'
import { type Migration, objectKey } from '../statements/index.ts'
import { listed } from './preconditions.ts'

/** The SQL that rolled migrations back. */
interface RolledBack {
  readonly session: Session
  readonly plans: readonly Migration[]
  readonly receipts: readonly Receipt[]
}

/** ROLLBACK.STILL_KEPT if kept data of the rolled-back migrations was not restored. */
export function stillKeptFailure(kept: readonly Kept[], run: RolledBack): Failure | undefined {
  const left = unrestoredKeptData(kept, run)
  if (left.length === 0) return undefined
  const named = left.map((one) => `${keptText(one)} (kept ${one.id})`)
  return failureFrom('ROLLBACK.STILL_KEPT', {
    message: `The migrations were rolled back, but data that they destroyed was not restored: ${listed(named)}.`,
    why: 'The SQL did not recreate its table or column, or the recreated one cannot hold the kept data. The data is still kept.',
    nextActions: [
      advice('Recreate the table or the column as it was before the migration.'),
      ...left
        .slice(0, 5)
        .map((one) => command(['kept', 'restore', String(one.id)], `restore ${keptText(one)}`)),
    ],
  })
}

/**
 * Kept data of the rolled-back migrations that was not restored. Values of a table that the down migration
 * itself updates do not count, because it sets them.
 */
function unrestoredKeptData(
  kept: readonly Kept[],
  { plans, receipts, session: { server } }: RolledBack,
): Kept[] {
  const done = new Set(
    receipts.flatMap(({ migration, status }) => (status === 'done' ? [migration] : [])),
  )
  const updated = (name: string) =>
    plans
      .filter((plan) => plan.name === name)
      .flatMap(({ statements }) => statements.flatMap(({ actions }) => actions))
      .flatMap((action) =>
        action.kind === 'update' ? [tableKey(action.table, server.schema)] : [],
      )
  return kept.filter(
    ({ migration, state, kind, columns, table }) =>
      state === 'kept' &&
      done.has(migration) &&
      !(kind === 'rows' && columns.length > 0 && updated(migration).includes(objectKey(table))),
  )
}
