import type { Backup, VerifyOutcome } from '../backup/index.ts'
import type { DeployRequest } from '../deploy/index.ts'
import { attempt, command, must, rethrow } from '../kernel/index.ts'
import type { BackupPolicy } from '../project/index.ts'
import type { BackupItem } from './backup-result.ts'
import type { AppContext } from './context.ts'
import { raise } from './failures.ts'
import type { Work } from './work.ts'

/** The backup policy of a deploy, and what it will do. */
export interface PlannedBackup {
  readonly when: Exclude<BackupPolicy, 'never'>
  /** The id of a recent backup that can be used, so that none is made; null if there is none. */
  readonly serves: string | null
  /** The size and duration of the last backup; null if there is none, or the store does not answer. */
  readonly last: {
    readonly bytes: number
    readonly ms: number
    readonly restoreMs: number | null
  } | null
}

/** The backup plan of a deploy that starts with `migration`; null if the environment requires no backup. */
export async function plannedBackup(
  context: AppContext,
  work: Work,
  migration: string,
): Promise<PlannedBackup | null> {
  const { when } = work.target.policy.backup
  if (when === 'never') return null
  const { lastBackup, recentFor } = await import('./backup.ts')
  const { backupItem } = await import('./backup-result.ts')
  const verified = when === 'verified-before-deploy'
  const at = work.migrations.findIndex(({ name }) => name === migration)
  const lastMigration = work.migrations[at - 1]?.name ?? null
  const recent = await attempt(() => recentFor(context, work, { verified, lastMigration }))
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

/** The backup that an environment requires before a deploy. */
export interface BackupGate {
  /** Makes the backup. A failure stops the deploy before it changes anything. */
  readonly before: DeployRequest['backup']
  /** The backup that was made or found. */
  made(): BackupItem | null
}

/**
 * Creates the gate: before the first change it uses a recent backup or makes one, and verifies a new one if the
 * environment requires that.
 */
export async function backupGate(
  context: AppContext,
  work: Work,
  { identity }: { readonly identity?: string | undefined },
): Promise<BackupGate> {
  const { when } = work.target.policy.backup
  const backups = await import('./backup.ts')
  const { backupItem } = await import('./backup-result.ts')
  const { makeAndNotify } = await import('./backup-notice.ts')
  let made: BackupItem | null = null
  return {
    made: () => made,
    before: async (migrations, lastMigration) => {
      const verified = when === 'verified-before-deploy'
      const recent = await backups.recentFor(context, work, { verified, lastMigration })
      if (recent) {
        made = backupItem(recent)
        return
      }
      context.emit({ kind: 'phase', phase: 'back up the database' })
      const make = () => backups.makeBackup(context, work, { before: migrations })
      const ran = await makeAndNotify(context, work, make, (one) => one.backup.id)
      for (const { message } of ran.findings) context.emit({ kind: 'notice', message })
      const { backup } = ran.made
      made = backup
      if (!verified) return
      context.emit({ kind: 'phase', phase: 'verify the backup' })
      const { verification, manifest } = await verifiedFor(context, work, {
        id: backup.id,
        identity,
      })
      const one: Backup = { manifest, verification: must(verification, 'verification') }
      made = backupItem(one)
    },
  }
}

/** Verifies a new backup. Fails with APP.BACKUP_UNVERIFIED if it cannot be restored, or differs. */
export async function verifiedFor(
  context: AppContext,
  work: Work,
  asked: { readonly id: string; readonly identity: string | undefined },
): Promise<VerifyOutcome> {
  const { verifyFor } = await import('./backup.ts')
  const outcome = await attempt(() => verifyFor(context, work, asked))
  if (!outcome.ok) {
    const { failure } = outcome
    return failure.code === 'BACKUP.NOT_RESTORABLE'
      ? refuseUnverified(asked.id, failure.why)
      : rethrow(failure)
  }
  const { verification, compared } = outcome.value
  if (verification) return outcome.value
  const { differences } = compared
  const why =
    differences.length > 0
      ? `${differences.slice(0, 3).join('; ')}.`
      : 'It was restored, but neither its schema nor its rows could be compared.'
  return refuseUnverified(asked.id, why)
}

function refuseUnverified(id: string, why: string | undefined): never {
  return raise('APP.BACKUP_UNVERIFIED', {
    message: `The backup ${id} could not be verified.`,
    ...(why === undefined ? {} : { why }),
    nextActions: [command(['backup', 'verify', id], 'verify it again')],
  })
}
