import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Address, type Session, withSession } from '../../database/index.ts'
import type { RestoredThrowAway } from '../dialects.ts'
import type { Manifest } from '../manifest.ts'
import { temporaryFolder } from '../temporary.ts'
import type { VerifyRequest } from '../verify-backup.ts'
import { compareRestored, versionOf } from './compare-restored.ts'
import { refuseOnSqlite } from './dump-source.ts'
import { restoreDump } from './restore-dump.ts'

/** Restores a backup into a database in memory, or in a private file where it is large, and compares it. */
export async function restoreAndCompare(
  request: VerifyRequest,
  manifest: Manifest,
): Promise<RestoredThrowAway> {
  if (request.server !== undefined) refuseOnSqlite('a server: it is verified in this process')
  if (request.jobs > 1) refuseOnSqlite('several jobs')
  return await inThrowAway(manifest, async (session) => {
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

/** Larger ones need too much memory. */
const IN_MEMORY = 256 * 2 ** 20

async function inThrowAway<T>(
  { databaseBytes }: Manifest,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const opened = async (address: Address) =>
    await withSession(address, { applicationName: 'slipway backup', writableSchema: true }, work)
  if (databaseBytes <= IN_MEMORY) return await opened({ kind: 'sqlite' })
  const { folder, remove } = await temporaryFolder()
  try {
    const file = path.join(folder, 'restored.db')
    await writeFile(file, '', { mode: 0o600, flag: 'wx' })
    return await opened({ kind: 'sqlite', file })
  } finally {
    await remove()
  }
}
