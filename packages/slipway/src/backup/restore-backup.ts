import { type Address, dialectOf } from '../database/index.ts'
import { advice, type Emit } from '../kernel/index.ts'
import type { Compared } from './compare.ts'
import { backupsOf, dialectOfBackup } from './dialects.ts'
import type { Keys } from './encryption.ts'
import { raise } from './failures.ts'
import { type BackupName, findBackup } from './list-backups.ts'
import type { Manifest } from './manifest.ts'
import { checkPart } from './parts.ts'
import type { Store } from './store.ts'

/** The backup to restore, the target, and the options. */
export interface RestoreRequest {
  readonly store: Store
  readonly name: BackupName
  readonly keys: Keys
  readonly address: Address
  readonly jobs: number
  readonly tables: readonly string[]
  readonly dataOnly: boolean
  readonly noOwner: boolean
  /** Whether to drop the replaced database. */
  readonly dropOld: boolean
  /** The command with its arguments, which is suggested again with the name of the database. */
  readonly command: readonly string[]
  /** Whether a database name was given as consent, or consent can be requested interactively. */
  readonly mayConsent: boolean
  /** Requests consent to replace or add to a database that is not empty; fails if it is denied. */
  readonly consent: (database: string, message: string) => Promise<void>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly emit: Emit
}

/** The result of a restore. */
export interface RestoreOutcome {
  readonly manifest: Manifest
  readonly database: string
  /** The new name of the replaced database; absent if that was empty, or was dropped. */
  readonly old?: string
  /** On remote D1: the Time Travel bookmark of the previous state. */
  readonly bookmark?: string
  readonly restoreMs: number
  /** Absent if only a part was restored, which cannot be compared with the manifest. */
  readonly compared?: Compared
}

/**
 * Restores a backup. An empty database gets all of it or nothing. A database that is not empty is replaced by
 * a new one, which takes its name only after everything is restored and compared; until then the old one is
 * unchanged. All files are checked for damage first.
 */
export async function restoreBackup(request: RestoreRequest): Promise<RestoreOutcome> {
  const { address, store, signal } = request
  const backups = await backupsOf(address)
  backups.refuseRestore(request)
  const { manifest } = await findBackup(store, request.name)
  if (dialectOfBackup(manifest) !== dialectOf(address)) refuseOther(manifest)
  for (const part of manifest.parts) await checkPart(store, part, signal)
  return { manifest, ...(await backups.restoreInto(request, manifest)) }
}

function refuseOther({ id }: Manifest): never {
  return raise('BACKUP.OTHER_PRODUCT', {
    message: `${id} is from a different kind of database.`,
    why: 'A backup of PostgreSQL can be restored into PostgreSQL, and one of SQLite into SQLite or D1.',
    nextActions: [advice('Name the database or environment that the backup belongs to.')],
  })
}
