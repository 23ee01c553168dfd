import type { Session } from '../database/index.ts'
import { verifyAndRecord } from '../deploy/index.ts'
import { readHistory } from '../history/index.ts'
import { detectDrift, projectScope } from '../plan/index.ts'
import { type Catalog, type Change, difference, readCatalog } from '../schema/index.ts'
import type { RepairRequest } from './request.ts'

/** The state of the target after a repair. */
export interface RepairVerification {
  /** Whether its catalog is as expected, and every index is valid. */
  readonly verified: boolean
  /** The changes from the expected catalog to the actual one. */
  readonly changes: readonly Change[]
}

/**
 * Compares the target with its expected catalog: the given one, or else the one that its history produces. Only if
 * they are equal is it recorded as the state on which the next command builds.
 */
export async function verifyRepair(
  session: Session,
  request: RepairRequest,
  expected?: Catalog,
): Promise<RepairVerification> {
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

/** Undefined if the history cannot be replayed. */
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
