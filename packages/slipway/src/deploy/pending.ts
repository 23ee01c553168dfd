import type { Session } from '../database/index.ts'
import {
  type Comparison,
  compareHistory,
  findInterruption,
  type History,
  obstacle,
  readHistory,
  readJournal,
} from '../history/index.ts'
import { rethrow } from '../kernel/index.ts'
import { type MigrationPlan, planMigrations } from '../plan/index.ts'
import type { ReplayMigration } from '../rehearsal/index.ts'

/** What a deploy of a target would have to do. */
export interface PendingWork {
  readonly history: History
  readonly before: Comparison
  /** A deploy of ours began these, and was cut off. */
  readonly resuming: readonly string[]
  /** Empty where nothing is pending: then no file was parsed. */
  readonly plans: readonly MigrationPlan[]
}

/** Reads what is pending on a target. Raises what stands in the way of a deploy. Reads only. */
export async function readPending(
  session: Session,
  migrations: readonly ReplayMigration[],
): Promise<PendingWork> {
  const history = await readHistory(session)
  const before = compareHistory(history, migrations)
  const resuming = await refuseObstacle(session, before, history)
  const names = new Set([...before.pending, ...resuming])
  const files = migrations.filter(({ name }) => names.has(name))
  const plans = await planMigrations(
    files.map(({ name, sql, path = name }) => ({ name, sql, path })),
  )
  return { history, before, resuming, plans }
}

/**
 * Raises what stands in the way. A migration that we ourselves began, and that a crash cut off, does
 * not: its journal says where to go on. Returns such migrations by name.
 */
async function refuseObstacle(
  session: Session,
  before: Comparison,
  history: History,
): Promise<readonly string[]> {
  if (before.failed.length > 0) {
    const interrupted = findInterruption(before, history, await readJournal(session))
    if (interrupted?.direction === 'up') return [interrupted.migration]
  }
  const found = obstacle(before)
  return found ? rethrow(found) : []
}
