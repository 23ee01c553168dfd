import { readFromTarget, type TargetSession } from '../execution/index.ts'
import { writeChangeToken } from '../history/index.ts'
import { attempt, command, rethrow } from '../kernel/index.ts'
import { type AppliedHistory, detectChange, detectDrift, type Drift } from '../plan/index.ts'
import type { Change } from '../schema/index.ts'
import { objectText } from '../statements/index.ts'
import { raise } from './failures.ts'
import type { PendingWork } from './pending.ts'
import type { WorkRequest } from './target.ts'
import { verifyAndRecord } from './verify.ts'

/** The result of a drift check that stops nothing: why it could not compare, or how the schema differs. */
export interface DriftFinding {
  readonly driftUnknown?: string
  readonly drift?: readonly Change[]
}

/**
 * Looks for drift if nothing is pending. Checks first whether the schema changed since it was recorded,
 * because a replay of the history would take seconds. A target that differs from its record need not have
 * drifted: the record also contains what others changed during a deploy. In that case the replay decides, and
 * a correct schema is recorded. A deploy with nothing to do does not fail if the schema cannot be read.
 */
export async function checkDrift(
  target: TargetSession,
  { history }: PendingWork,
  request: WorkRequest,
): Promise<DriftFinding> {
  const applied = { history, migrations: request.migrations }
  const looked = await attempt(() => checkRecordThenReplay(target, applied, request))
  if (looked.ok) return looked.value
  if (looked.failure.code === 'DEPLOY.STOPPED') rethrow(looked.failure)
  return { driftUnknown: looked.failure.message }
}

async function checkRecordThenReplay(
  target: TargetSession,
  applied: AppliedHistory,
  request: WorkRequest,
): Promise<DriftFinding> {
  const { session } = target
  const since = await readFromTarget(target, () => detectChange(session, applied))
  if (!since) return { driftUnknown: 'The ledger has no record of the schema for this history.' }
  // So that the next command need not read the catalog again.
  if (since.kind === 'none' && since.changeToken !== undefined) {
    await writeChangeToken(session, since.changeToken)
  }
  if (since.kind !== 'drifted') return {}
  const drift = await compareWithHistory(target, applied, request, since)
  if (drift.kind === 'unknown') return { driftUnknown: drift.reason }
  if (drift.kind === 'drifted') return { drift: drift.changes }
  await verifyAndRecord(session, request.migrations)
  return {}
}

/** Compares a target with its history. `since` is the result of `detectChange`, if it was already called. */
export async function compareWithHistory(
  target: TargetSession,
  applied: AppliedHistory,
  request: WorkRequest,
  since?: Drift,
): Promise<Drift> {
  const { session } = target
  // Imported here, so that a deploy with nothing to do does not load it.
  const { shadowLike } = await import('../shadow/index.ts')
  const { shadow } = shadowLike(request, session)
  return await readFromTarget(target, () => detectDrift(session, applied, shadow, since))
}
/** Recording a squash claims that the target has its schema, so the schema must have been compared. */
export function refuseUnproven(reason: string, squashes: PendingWork['squashes']): void {
  const squash = squashes.find(({ kind }) => kind === 'whole')
  if (!squash) return
  raise('DEPLOY.DRIFT', {
    message: `${squash.migration} replaces migrations that are applied here, and the database could not be compared with it: ${reason}`,
    why: 'Slipway records it without running it, so the database must match it.',
    nextActions: [
      command(['doctor'], 'show which server shadow databases use'),
      command(['deploy', '--accept', 'drift'], 'record it anyway'),
    ],
  })
}

export function refuseDrift(drift: Exclude<Drift, { kind: 'none' }>): string {
  if (drift.kind === 'unknown') return drift.reason
  const named = drift.changes
    .slice(0, 5)
    .map(({ change, object }) => `${objectText(object)} (${change})`)
  const more = drift.changes.length - named.length
  return raise('DEPLOY.DRIFT', {
    message: `The schema of the database differs from its history: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`,
    why: 'The database was changed without a migration. A deploy may fail on the change or overwrite it.',
    nextActions: [
      command(['drift'], 'show the differences, with SQL for both directions'),
      command(['deploy', '--accept', 'drift'], 'deploy anyway'),
    ],
  })
}
