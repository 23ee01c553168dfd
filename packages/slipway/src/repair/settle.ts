import type { Session } from '../database/index.ts'
import { verifyAndRecord } from '../deploy/index.ts'
import { readHistory } from '../history/index.ts'
import { detectDrift, projectScope } from '../plan/index.ts'
import { type Catalog, type Change, difference, readCatalog } from '../schema/index.ts'
import type { RepairRequest } from './request.ts'

/** The state of the target after a repair. */
export interface Settled {
  /** Its catalog is what it should be, and every index is valid. */
  readonly verified: boolean
  /** From what it should be to what it is. */
  readonly changes: readonly Change[]
}

/**
 * Compares the target with what it should be now: a catalog that is known, else what its history gives.
 * Only if they are equal is it recorded as the state that the next command builds on.
 */
export async function settle(
  session: Session,
  request: RepairRequest,
  expected?: Catalog,
): Promise<Settled> {
  const changes = expected
    ? difference(
        expected,
        await readCatalog(session, await projectScope(session, request.migrations)),
      )
    : await driftOf(session, request)
  if (changes === undefined) return { verified: false, changes: [] }
  if (changes.length > 0) return { verified: false, changes }
  const { verified } = await verifyAndRecord(session, request.migrations)
  return { verified, changes }
}

/** Nothing if the history cannot be replayed. */
async function driftOf(
  session: Session,
  { migrations, shadow }: RepairRequest,
): Promise<readonly Change[] | undefined> {
  const drift = await detectDrift(
    session,
    { history: await readHistory(session), migrations },
    shadow,
  )
  switch (drift.kind) {
    case 'none':
      return []
    case 'drifted':
      return drift.changes
    case 'unknown':
      return undefined
  }
}
