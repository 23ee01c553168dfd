import { command } from '../kernel/index.ts'
import { raise } from './failures.ts'

/** How far to go back: a number of migrations, or until just after one that stays applied. */
export type Extent =
  | { readonly kind: 'steps'; readonly steps: number }
  | { readonly kind: 'to'; readonly migration: string }

/**
 * The applied migrations to roll back, the last one first. `applied` is in the order of application. None if the one
 * that is to stay is the last already: a rollback whose answer was lost can be repeated. A number above that of
 * the applied migrations is a mistake about the target, and fails with ROLLBACK.TOO_MANY_STEPS.
 */
export function selectMigrations(applied: readonly string[], extent: Extent): string[] {
  const newestFirst = applied.toReversed()
  if (newestFirst.length === 0) {
    raise('ROLLBACK.NOTHING', { message: 'No migration is applied, so none can be rolled back.' })
  }
  if (extent.kind === 'steps') {
    const count = newestFirst.length
    if (extent.steps <= count) return newestFirst.slice(0, extent.steps)
    return raise('ROLLBACK.TOO_MANY_STEPS', {
      message: `Cannot roll back ${extent.steps} migrations: ${count === 1 ? 'only one is' : `only ${count} are`} applied on this database.`,
      why: 'Nothing was rolled back.',
      nextActions: [
        command(['status'], 'see what is applied'),
        command(['rollback', '--steps', String(count)], 'roll back all applied migrations'),
      ],
    })
  }
  const stays = newestFirst.indexOf(extent.migration)
  if (stays === -1) {
    raise('ROLLBACK.UNKNOWN_MIGRATION', {
      message: `${extent.migration} is not applied on this database.`,
      nextActions: [command(['status'], 'see what is applied')],
    })
  }
  return newestFirst.slice(0, stays)
}
