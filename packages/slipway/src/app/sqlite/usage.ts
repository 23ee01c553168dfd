import { statSync } from 'node:fs'
import { listBackups } from '../../backup/index.ts'
import { type Address, D1_BYTES, d1Facts } from '../../database/index.ts'
import { attempt } from '../../kernel/index.ts'
import { storeOf } from '../backup-settings.ts'
import type { DatabaseUsage } from '../database-usage.ts'
import type { Work } from '../work.ts'

/** Reads the usage of a database. Never fails, because it is only additional information. */
export async function readUsage(work: Work): Promise<DatabaseUsage> {
  const [size, lastBackup] = await Promise.all([readSize(work.target.address), newestBackup(work)])
  return { ...size, lastBackup }
}

async function readSize(address: Address): Promise<Omit<DatabaseUsage, 'lastBackup'>> {
  const isOfD1 = address.kind === 'd1' || (address.kind === 'sqlite' && address.d1 !== undefined)
  const limitBytes = isOfD1 ? D1_BYTES : null
  const unknown = { bytes: null, limitBytes, lastDay: null, timeTravel: false }
  if (address.kind === 'd1') {
    const asked = await attempt(() => d1Facts(address))
    if (!asked.ok) return unknown
    const { bytes, lastDay = null, version } = asked.value
    return { bytes, limitBytes, lastDay, timeTravel: version === 'production' }
  }
  if (address.kind !== 'sqlite' || address.file === undefined) return unknown
  const bytes = statSync(address.file, { throwIfNoEntry: false })?.size ?? null
  return { ...unknown, bytes }
}

async function newestBackup(work: Work): Promise<string | null> {
  const listed = await attempt(async () => listBackups(await storeOf(work)))
  if (!listed.ok) return null
  const { environment } = work.target
  const times = listed.value.backups
    .filter(({ manifest }) => manifest.environment === environment)
    .map(({ manifest }) => manifest.createdAt)
  return times.toSorted().at(-1) ?? null
}
