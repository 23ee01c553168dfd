import { withSession } from '../database/index.ts'
import { findLedger, readHistory } from '../history/index.ts'
import type { DriftReport, DriftRequest } from './inspect.ts'
import { comparisonKey, isKnownEqual, rememberEqual } from './known-equal.ts'
import { sameAsHistory } from './same-as-history.ts'

/**
 * Compares a target with its history, replayed on a shadow database. If neither the target nor the project has changed
 * since this machine compared them and found no difference, that holds still. Changes nothing on the target, takes no lock.
 */
export async function inspectDrift(request: DriftRequest): Promise<DriftReport> {
  return await withSession(
    request.address,
    { applicationName: 'slipway drift' },
    async (session) => {
      await findLedger(session)
      // Before the catalog is read: what changes meanwhile must give another key.
      const key = await comparisonKey(session, await readHistory(session), request)
      if (isKnownEqual(request, key)) return sameAsHistory(session.server.database)
      // Loaded here: a comparison that is known must not pay for it.
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
