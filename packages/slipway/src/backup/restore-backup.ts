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

/** Which backup is restored, and where. */
export interface RestoreRequest {
  readonly store: Store
  readonly name: BackupName
  readonly keys: Keys
  readonly address: Address
  readonly jobs: number
  readonly tables: readonly string[]
  readonly dataOnly: boolean
  readonly noOwner: boolean
  /** Drop the database that was replaced. */
  readonly dropOld: boolean
  /** Whether a database was named, or its name can be asked for. */
  readonly mayConsent: boolean
  /** Asks for the consent to replace a database that is not empty, or to add to it; fails if it is not given. */
  readonly consent: (database: string, message: string) => Promise<void>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly emit: Emit
}

/** What a restore did. */
export interface RestoreOutcome {
  readonly manifest: Manifest
  readonly database: string
  /** The name that the replaced database has now; absent if it was empty, or was dropped. */
  readonly old?: string
  /** On remote D1: the bookmark of the state before, to which Time Travel returns. */
  readonly bookmark?: string
  readonly restoreMs: number
  /** Absent if only a part was restored: the manifest says nothing of it. */
  readonly compared?: Compared
}

/**
 * Restores a backup. An empty database gets all of it or nothing; another one is replaced by a new database, which takes
 * its name only when all is restored and compared: until then the old one is as it was. Never begins with a damaged file.
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
