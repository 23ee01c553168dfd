import type { Backup } from '../backup/index.ts'
import { withSession } from '../database/index.ts'
import { attempt } from '../kernel/index.ts'
import { readKept } from '../safekeeping/index.ts'
import { directAddress, type Work } from './work.ts'

/**
 * The backups that were made for deploys of which something is still kept: their rollback may need them. Where the target
 * cannot be asked, all that were made for a deploy.
 */
export async function referredBackups(
  work: Work,
  backups: readonly Backup[],
): Promise<ReadonlySet<string>> {
  const made = backups.filter(({ manifest }) => manifest.before.length > 0)
  if (made.length === 0) return new Set()
  const asked = await attempt(async () =>
    withSession(await directAddress(work), { applicationName: 'slipway backup' }, readKept),
  )
  const kept = asked.ok
    ? new Set(asked.value.filter(({ state }) => state === 'kept').map((one) => one.migration))
    : undefined
  const used = made.filter(
    ({ manifest }) => kept === undefined || manifest.before.some((name) => kept.has(name)),
  )
  return new Set(used.map(({ manifest }) => manifest.id))
}

/** The backup that was made last before a migration was applied; nothing if none was. */
export function backupBefore(backups: readonly Backup[], migration: string): Backup | undefined {
  return backups.find(({ manifest }) => manifest.before.includes(migration))
}

/** Whether a backup is young enough to serve for a deploy, and verified if that is asked for. */
export function isRecent(
  { manifest, verification }: Backup,
  asked: { readonly maxAgeMs: number; readonly verified: boolean; readonly now: number },
): boolean {
  const age = asked.now - Date.parse(manifest.createdAt)
  // A clock that was set back makes no backup young.
  return age >= 0 && age <= asked.maxAgeMs && (!asked.verified || verification !== undefined)
}
