import path from 'node:path'
import { notify } from '../backup/index.ts'
import { failureOf, readCached, writeCached } from '../kernel/index.ts'
import { notifyOf } from './backup-settings.ts'
import type { AppContext } from './context.ts'
import type { ResultFinding } from './outcome.ts'
import type { Work } from './work.ts'

/** Makes a backup with `make`, and sends its outcome to the configured webhook and heartbeat. */
export async function makeAndNotify<T>(
  { signal }: Pick<AppContext, 'signal'>,
  work: Work,
  make: () => Promise<T>,
  idOf: (made: T) => string,
): Promise<{ readonly made: T; readonly findings: readonly ResultFinding[] }> {
  const { environment } = work.target
  const file = path.join(work.project.root, '.slipway', 'cache', 'last-backup', environment)
  const last = readCached(file, environment)
  const previous = last === 'ok' || last === 'failed' ? last : undefined
  const tell = async (
    outcome: 'ok' | 'failed',
    more: { id?: string; code?: string; message?: string },
  ) => {
    writeCached(file, environment, outcome)
    const warnings = await notify({ outcome, previous, environment, ...more }, notifyOf(work))
    return warnings.map((message): ResultFinding => ({
      id: 'not-notified',
      severity: 'warning',
      message,
    }))
  }
  try {
    const made = await make()
    return { made, findings: await tell('ok', { id: idOf(made) }) }
  } catch (error) {
    // A stop by the user is not a failure of the backup.
    if (signal.aborted) throw error
    const { code, message } = failureOf(error) ?? {}
    await tell('failed', { ...(code ? { code } : {}), ...(message ? { message } : {}) })
    throw error
  }
}
