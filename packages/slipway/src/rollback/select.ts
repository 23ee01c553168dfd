import { command } from '../kernel/index.ts'
import { raise } from './failures.ts'

/** How far to roll back: a number of migrations, or all after one that stays applied. */
export type Extent =
  | { readonly kind: 'steps'; readonly steps: number }
  | { readonly kind: 'to'; readonly migration: string }

/**
 * The applied migrations to roll back, the last one first. `applied` is in the order of application. Empty if
 * the one that is to stay is already the last one, so that a rollback whose response was lost can be
 * repeated. More steps than applied migrations are a mistake about the target, and fail with
 * ROLLBACK.TOO_MANY_STEPS.
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
