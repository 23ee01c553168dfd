import { withSession } from '../database/index.ts'
import {
  compareHistory,
  type Comparison,
  findInterruption,
  type Interruption,
  obstacle,
  readHistory,
  readJournal,
  refuseNewerLedger,
} from '../history/index.ts'
import { command, type NextAction } from '../kernel/index.ts'
import { isLeft, type Kept, readKept } from '../safekeeping/index.ts'
import type { AppContext } from './context.ts'
import type { DatabaseUsage } from './database-usage.ts'
import type { UseCaseReturn, ResultFinding } from './outcome.ts'
import { directAddress, readWork, type TargetResult, targetResult, type Work } from './work.ts'

/** The state of a target compared with the migrations of the project. */
export interface StatusResult extends TargetResult, Comparison {
  /** A deploy or rollback that was interrupted. */
  readonly interrupted: Interruption | null
  /** The amount of kept data, also of that of which only a part was restored. */
  readonly kept: { readonly count: number; readonly bytes: number }
  /** Size, rows and last backup of a SQLite or D1 database; null on PostgreSQL. */
  readonly usage: DatabaseUsage | null
  /** Whether a deploy would refuse: a migration is failed, edited or missing, or the histories diverged. */
  readonly blocked: boolean
}

/** Compares the history of the target with the migrations of the project. Changes nothing, takes no lock. */
export async function readStatus(context: AppContext): Promise<UseCaseReturn<StatusResult>> {
  const work = await readWork(context)
  const options = { applicationName: 'slipway status' }
  const usage = readUsage(work)
  return await withSession(await directAddress(work), options, async (session) => {
    await refuseNewerLedger(session)
    const history = await readHistory(session)
    const comparison = compareHistory(history, work.migrations)
    const journal = comparison.failed.length > 0 ? await readJournal(session) : []
    const interrupted = findInterruption(comparison, history, journal)
    const result = {
      ...targetResult(work, session.server.database),
      ...comparison,
      interrupted: interrupted ?? null,
      kept: sumOf(await readKept(session)),
      usage: await usage,
      blocked: obstacle(comparison) !== undefined,
    }
    const next = nextOf(comparison, interrupted)
    return { result, findings: comparison.duplicated.map(duplicateFinding), next }
  })
}

/** Reads the usage. Imports its code only here, because a deploy shares this file's chunk and does not need it. */
async function readUsage(work: Work): Promise<DatabaseUsage | null> {
  const { usageOf } = await import('./dialects.ts')
  return await usageOf(work)
}

/** Only a warning: Prisma and Slipway read such a history as if the migration had one row. */
function duplicateFinding(name: string): ResultFinding {
  const message = `${name}: the history records it as applied more than once.`
  return { id: 'migration-duplicated', severity: 'warning', message }
}

function sumOf(all: readonly Kept[]): StatusResult['kept'] {
  const kept = all.filter(isLeft)
  return { count: kept.length, bytes: kept.reduce((sum, { bytes }) => sum + bytes, 0) }
}

/** The command that resolves what blocks a deploy, otherwise the deploy of pending migrations. */
function nextOf(
  comparison: Comparison,
  interrupted: Interruption | undefined,
): readonly NextAction[] {
  if (interrupted?.direction === 'up') return [command(['deploy'], 'continue the deploy')]
  if (interrupted) return [command(['rollback'], 'continue the rollback')]
  const found = obstacle(comparison)
  if (found) return found.nextActions
  if (comparison.duplicated.length > 0)
    return [command(['repair', '--keep-one-row'], 'keep one row per migration')]
  if (comparison.pending.length > 0) return [command(['deploy'], 'apply the pending migrations')]
  return comparison.squashed.some(({ kind }) => kind === 'left-over')
    ? [command(['deploy'], 'record the squash')]
    : []
}
