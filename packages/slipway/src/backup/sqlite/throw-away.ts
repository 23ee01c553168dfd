import type { RestoredThrowAway } from '../dialects.ts'
import type { Manifest } from '../manifest.ts'
import type { VerifyRequest } from '../verify-backup.ts'
import { compareRestored, versionOf } from './compare-restored.ts'
import { refuseOnSqlite } from './dump-source.ts'
import { restoreDump } from './restore-dump.ts'
import { inThrowAway } from './throw-away-file.ts'

/** Restores a backup into a database in memory, or in a private file if it is large, and compares it. */
export async function restoreAndCompare(
  request: VerifyRequest,
  manifest: Manifest,
): Promise<RestoredThrowAway> {
  if (request.server !== undefined) refuseOnSqlite('a server: they are verified in this process')
  if (request.jobs > 1) refuseOnSqlite('several jobs')
  return await inThrowAway({ bytes: manifest.databaseBytes }, async (session) => {
    const began = performance.now()
    await restoreDump(session, { ...request, manifest })
    const restoreMs = Math.round(performance.now() - began)
    return {
      restoreMs,
      server: versionOf(session),
      compared: await compareRestored(session, manifest),
    }
  })
}
