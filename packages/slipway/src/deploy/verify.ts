import type { Session } from '../database/index.ts'
import { historyHash, readHistory, writeCatalogState } from '../history/index.ts'
import { appliedRows, projectScope } from '../plan/index.ts'
import type { ReplayMigration } from '../rehearsal/index.ts'
import { invalidIndexes } from './index-state.ts'

/** What a look at the target after the work found. */
export interface Verification {
  readonly verified: boolean
  /** Names of indexes that are not valid. */
  readonly invalidIndexes: readonly string[]
}

/**
 * Looks at the target after the work: every index valid. Records the catalog as it is left, which
 * the next command compares with. Reading the catalog takes 0.1 to 0.6 s, so it is done after the last
 * commit: within the transaction it would hold the locks of the migration for as long.
 */
export async function verifyAndRecord(
  session: Session,
  migrations: readonly ReplayMigration[],
): Promise<Verification> {
  // Loaded here: a deploy that finds nothing to do must not pay for it.
  const { readFingerprint } = await import('../catalog/index.ts')
  const invalid = await invalidIndexes(session)
  const rows = appliedRows(await readHistory(session))
  const { hash, ...state } = await readFingerprint(session, await projectScope(session, migrations))
  await writeCatalogState(session, { historyHash: historyHash(rows), fingerprint: hash, ...state })
  return { verified: invalid.length === 0, invalidIndexes: invalid }
}
