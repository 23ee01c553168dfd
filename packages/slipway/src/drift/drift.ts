import { withSession } from '../database/index.ts'
import { refuseNewerLedger, readHistory } from '../history/index.ts'
import type { DriftReport, DriftRequest } from './inspect.ts'
import { comparisonKey, isKnownEqual, rememberEqual } from './known-equal.ts'
import { sameAsHistory } from './report-without-drift.ts'

/**
 * Compares a target with its history, replayed on a shadow database. If neither the target nor the project
 * has changed since this machine compared them and found no difference, that result is reused. Changes
 * nothing on the target and takes no lock.
 */
export async function inspectDrift(request: DriftRequest): Promise<DriftReport> {
  return await withSession(
    request.address,
    { applicationName: 'slipway drift' },
    async (session) => {
      await refuseNewerLedger(session)
      // Read before the catalog, so that a concurrent change gives a different key.
      const key = await comparisonKey(session, await readHistory(session), request)
      if (isKnownEqual(request, key)) return sameAsHistory(session.server.database)
      // Imported here, so that a reused result does not load it.
      const { inspectSession } = await import('./inspect.ts')
      const report = await inspectSession(session, request)
      if (hasNothingToSay(report)) rememberEqual(request, key)
      return report
    },
  )
}

function hasNothingToSay({ drifted, basis, columnOrder, unmodelled }: DriftReport): boolean {
  return !drifted && basis === 'shadow' && columnOrder.length === 0 && unmodelled.length === 0
}
