import { dialectOf, type Session } from '../database/index.ts'
import {
  type Comparison,
  compareHistory,
  findInterruption,
  type History,
  obstacle,
  readHistory,
  readJournal,
  type SquashStatus,
} from '../history/index.ts'
import { rethrow } from '../kernel/index.ts'
import { type Migration, parseMigrations, type MigrationFile } from '../statements/index.ts'

/** The work that a deploy to a target has to do. */
export interface PendingWork {
  readonly history: History
  readonly before: Comparison
  /** An earlier Slipway deploy began these and was interrupted. */
  readonly resuming: readonly string[]
  /** Squashes to record without running them, because the migrations that they replace are applied. */
  readonly squashes: readonly SquashStatus[]
  /** Empty if nothing is to be run; then no file was parsed. */
  readonly plans: readonly Migration[]
}

/** Reads the pending migrations of a target. Fails if something prevents a deploy. Changes nothing. */
export async function readPending(
  session: Session,
  migrations: readonly MigrationFile[],
): Promise<PendingWork> {
  const history = await readHistory(session)
  const before = compareHistory(history, migrations)
  const resuming = await refuseObstacle(session, before, history)
  const squashes = before.squashed.filter(({ kind }) => kind === 'whole' || kind === 'left-over')
  const recorded = new Set(squashes.map(({ migration }) => migration))
  const pending = before.pending.filter((name) => !recorded.has(name))
  const names = new Set([...pending, ...resuming])
  const files = migrations.filter(({ name }) => names.has(name))
  const plans = await parseMigrations(files, dialectOf(session))
  // An interrupted migration is continued first; the next deploy records the squash.
  return { history, before, resuming, squashes: resuming.length > 0 ? [] : squashes, plans }
}

/**
 * Fails if something prevents a deploy. A migration that Slipway began, and that a crash interrupted, does
 * not: its journal says where to continue. Returns such migrations by name.
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
