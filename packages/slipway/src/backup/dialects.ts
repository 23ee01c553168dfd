import { type Address, type ByDialect, type Dialect, dialectOf } from '../database/index.ts'
import type { Compared } from './compare.ts'
import type { CreateRequest } from './create-backup.ts'
import type { Dump } from './dump.ts'
import type { Manifest } from './manifest.ts'
import type { RestoreOutcome, RestoreRequest } from './restore-backup.ts'
import type { VerifyRequest } from './verify-backup.ts'

/** How databases of one dialect are dumped, and restored. */
export interface DatabaseBackups {
  /** Opens a dump of a database in one snapshot, which ends with `work`. Refuses what the dialect does not have. */
  withDump<T>(request: CreateRequest, work: (dump: Dump) => Promise<T>): Promise<T>
  /** Restores a backup into a throw-away database, and compares it with its manifest. */
  restoreAndCompare(request: VerifyRequest, manifest: Manifest): Promise<RestoredThrowAway>
  /** Refuses what the dialect does not have, before anything is read. */
  refuseRestore(request: RestoreRequest): void
  restoreInto(
    request: RestoreRequest,
    manifest: Manifest,
  ): Promise<Omit<RestoreOutcome, 'manifest'>>
}

/** What came of a throw-away database. */
export interface RestoredThrowAway {
  /** Version of its server. */
  readonly server: string
  readonly restoreMs: number
  readonly compared: Compared
}

const BACKUPS: ByDialect<() => Promise<DatabaseBackups>> = {
  async postgres() {
    const [{ withDump }, { restoreAndCompare }, { refuseRestore, restoreInto }] = await Promise.all(
      [
        import('./postgres/dump-source.ts'),
        import('./postgres/throw-away.ts'),
        import('./postgres/restore-into.ts'),
      ],
    )
    return { withDump, restoreAndCompare, refuseRestore, restoreInto }
  },
  async sqlite() {
    const [{ withDump }, { restoreAndCompare }, { refuseRestore, restoreInto }] = await Promise.all(
      [
        import('./sqlite/dump-source.ts'),
        import('./sqlite/throw-away.ts'),
        import('./sqlite/restore-into.ts'),
      ],
    )
    return { withDump, restoreAndCompare, refuseRestore, restoreInto }
  },
}

/** Backups of the dialect of a database. */
export async function backupsOf(address: Pick<Address, 'kind'>): Promise<DatabaseBackups> {
  return await BACKUPS[dialectOf(address)]()
}

/** The dialect of the database that a backup is of. */
export function dialectOfBackup({ dump }: Pick<Manifest, 'dump'>): Dialect {
  return dump === 'sqlite-sql' ? 'sqlite' : 'postgres'
}

/** Backups of the dialect that a backup is of. */
export async function backupsLike(manifest: Pick<Manifest, 'dump'>): Promise<DatabaseBackups> {
  return await BACKUPS[dialectOfBackup(manifest)]()
}
