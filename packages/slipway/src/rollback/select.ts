import { command } from '../kernel/index.ts'
import { raise } from './failures.ts'

/** How far to go back: a number of migrations, or to just behind one that stays applied. */
export type Extent =
  | { readonly kind: 'steps'; readonly steps: number }
  | { readonly kind: 'to'; readonly migration: string }

/** The applied migrations to roll back, the last one first. `applied` is in the order of application. */
export function selectMigrations(applied: readonly string[], extent: Extent): string[] {
  const newestFirst = applied.toReversed()
  if (newestFirst.length === 0) {
    raise('ROLLBACK.NOTHING', { message: 'No migration is applied, so none can be rolled back.' })
  }
  if (extent.kind === 'steps') return newestFirst.slice(0, extent.steps)
  const stays = newestFirst.indexOf(extent.migration)
  if (stays === -1) {
    raise('ROLLBACK.UNKNOWN_MIGRATION', {
      message: `${extent.migration} is not applied on this database.`,
      nextActions: [command(['status'], 'see what is applied')],
    })
  }
  if (stays === 0) {
    raise('ROLLBACK.NOTHING', {
      message: `${extent.migration} is already the last applied migration.`,
    })
  }
  return newestFirst.slice(0, stays)
}
