import type { Backup } from '../backup/index.ts'
import { attempt, must } from '../kernel/index.ts'
import type { BackupPolicy } from '../project/index.ts'
import type { BackupItem } from './backup-result.ts'
import type { AppContext } from './context.ts'
import { raise } from './failures.ts'
import type { Work } from './work.ts'

/** The backup that a deploy will make first. */
export interface PlannedBackup {
  readonly when: Exclude<BackupPolicy, 'never'>
  /** The id of a recent backup that serves, so that none is made. */
  readonly serves: string | null
  /** What the last one took: bytes and milliseconds; null if there is none, or the store does not answer. */
  readonly last: {
    readonly bytes: number
    readonly ms: number
    readonly restoreMs: number | null
  } | null
}

/** What a deploy will do about backups; null if the environment asks for none. */
export async function plannedBackup(
  context: AppContext,
  work: Work,
): Promise<PlannedBackup | null> {
  const { when } = work.target.policy.backup
  if (when === 'never') return null
  const { lastBackup, recentFor } = await import('./backup.ts')
  const { backupItem } = await import('./backup-result.ts')
  const verified = when === 'verified-before-deploy'
  const recent = await attempt(() => recentFor(context, work, { verified }))
  const found = await lastBackup(work)
  const item = found && backupItem(found)
  return {
    when,
    serves: (recent.ok && recent.value?.manifest.id) || null,
    last: item
      ? { bytes: item.bytes, ms: item.ms, restoreMs: item.verified?.restoreMs ?? null }
      : null,
  }
}

/** What an environment asks for before a deploy. */
export interface BackupGate {
  /** Absent if the environment asks for nothing. Raises what stops the deploy: nothing was changed then. */
  readonly before: ((migrations: readonly string[]) => Promise<void>) | undefined
  /** The backup that was made or found. */
  made(): BackupItem | null
}

/** Makes a backup before the first change of a deploy, and verifies it, as the environment asks for it. */
export async function backupGate(
  context: AppContext,
  work: Work,
  { identity }: { readonly identity?: string | undefined },
): Promise<BackupGate> {
  const { when } = work.target.policy.backup
  if (when === 'never') return { before: undefined, made: () => null }
  const backups = await import('./backup.ts')
  const { backupItem } = await import('./backup-result.ts')
  const { notifying } = await import('./backup-notice.ts')
  let made: BackupItem | null = null
  return {
    made: () => made,
    before: async (migrations) => {
      const verified = when === 'verified-before-deploy'
      const recent = await backups.recentFor(context, work, { verified })
      if (recent) {
        made = backupItem(recent)
        return
      }
      context.emit({ kind: 'phase', phase: 'back up the database' })
      const make = () => backups.makeBackup(context, work, { before: migrations })
      const { backup } = (await notifying(context, work, make, (one) => one.backup.id)).made
      made = backup
      if (!verified) return
      context.emit({ kind: 'phase', phase: 'verify the backup' })
      const { compared, verification, manifest } = await backups.verifyFor(context, work, {
        id: backup.id,
        identity,
      })
      if (compared.differences.length > 0) refuseUnverified(backup.id, compared.differences)
      const one: Backup = { manifest, verification: must(verification, 'verification') }
      made = backupItem(one)
    },
  }
}

function refuseUnverified(id: string, differences: readonly string[]): never {
  return raise('APP.BACKUP_UNVERIFIED', {
    message: `The backup ${id} is not what the database has, so nothing was deployed.`,
    why: `${differences.slice(0, 3).join('; ')}.`,
  })
}
