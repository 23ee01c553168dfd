import type { Backup, Manifest } from '../backup/index.ts'
import { withSession } from '../database/index.ts'
import { attempt } from '../kernel/index.ts'
import { isLeft, readKept } from '../safekeeping/index.ts'
import { directAddress, type Work } from './work.ts'

/**
 * The ids of backups that were made for deploys whose data is still kept: their rollback may need them. If
 * the target cannot be read, all backups that were made for a deploy.
 */
export async function backupsInUse(
  work: Work,
  backups: readonly Backup[],
): Promise<ReadonlySet<string>> {
  const made = backups.filter(({ manifest }) => manifest.before.length > 0)
  if (made.length === 0) return new Set()
  const asked = await attempt(async () =>
    withSession(await directAddress(work), { applicationName: 'slipway backup' }, readKept),
  )
  const kept = asked.ok
    ? new Set(asked.value.filter(isLeft).map((one) => one.migration))
    : undefined
  const used = made.filter(
    ({ manifest }) => kept === undefined || manifest.before.some((name) => kept.has(name)),
  )
  return new Set(used.map(({ manifest }) => manifest.id))
}

/**
 * The newest backup of an environment that was made before a migration was applied: for its deploy, or while
 * the previous migration (null: none) was the last one. Undefined if there is none.
 */
export function backupBefore(
  backups: readonly Backup[],
  {
    environment,
    migration,
    previous,
  }: { readonly environment: string; readonly migration: string; readonly previous: string | null },
): Backup | undefined {
  return backups.find(
    ({ manifest }) =>
      manifest.environment === environment &&
      (manifest.before.includes(migration) || manifest.lastMigration === previous),
  )
}

/** The conditions under which a deploy uses an existing backup. */
export interface ReuseConditions {
  readonly maxAgeMs: number
  readonly verified: boolean
  /** The last migration of the target; null if it has none. */
  readonly lastMigration: string | null
  /** The tables whose rows a backup of the environment skips. */
  readonly excludeData: readonly string[]
  readonly now: number
}

/**
 * Whether a deploy can use a backup: it is recent, of the same history, has the rows that a backup of the deploy
 * would have, and is verified if that is required.
 */
export function isRecent({ manifest, verification }: Backup, asked: ReuseConditions): boolean {
  const age = asked.now - Date.parse(manifest.createdAt)
  // A backup from the future, after a clock was set back, is not recent.
  const isYoung = age >= 0 && age <= asked.maxAgeMs
  const isOfHistory = manifest.lastMigration === asked.lastMigration
  const isVerified = !asked.verified || verification !== undefined
  return isYoung && isOfHistory && isVerified && hasRows(manifest, asked)
}

/** A backup of a deploy skips only configured tables, but names their partitions. */
function hasRows({ before, excludedData }: Manifest, { excludeData }: ReuseConditions): boolean {
  const isConfigured = (name: string) =>
    [name, `main.${name}`].some((one) => excludeData.includes(one))
  return before.length > 0 || excludedData.every(isConfigured)
}
