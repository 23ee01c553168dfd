import { type Address, type ByDialect, type Dialect, dialectOf } from '../database/index.ts'
import type { Compared } from './compare.ts'
import type { CreateRequest } from './create-backup.ts'
import type { Dump } from './dump.ts'
import type { Manifest } from './manifest.ts'
import type { RestoreOutcome, RestoreRequest } from './restore-backup.ts'
import type { VerifyRequest } from './verify-backup.ts'

/** Dump and restore for databases of one dialect. */
export interface DatabaseBackups {
  /**
   * Opens a dump in one snapshot, which is closed after `work`. Refuses options that the dialect does not
   * support.
   */
  withDump<T>(request: CreateRequest, work: (dump: Dump) => Promise<T>): Promise<T>
  /** Restores a backup into a throw-away database and compares it with the manifest. */
  restoreAndCompare(request: VerifyRequest, manifest: Manifest): Promise<RestoredThrowAway>
  /** Refuses options that the dialect does not support, before anything is read. */
  refuseRestore(request: RestoreRequest): void
  restoreInto(
    request: RestoreRequest,
    manifest: Manifest,
  ): Promise<Omit<RestoreOutcome, 'manifest'>>
}

/** The result of restoring into a throw-away database. */
export interface RestoredThrowAway {
  /** The version of its server. */
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

/** The backup operations for a database. */
export async function backupsOf(address: Pick<Address, 'kind'>): Promise<DatabaseBackups> {
  return await BACKUPS[dialectOf(address)]()
}

/** The dialect of a backup. */
export function dialectOfBackup({ dump }: Pick<Manifest, 'dump'>): Dialect {
  return dump === 'sqlite-sql' ? 'sqlite' : 'postgres'
}

/** The backup operations for an existing backup. */
export async function backupsLike(manifest: Pick<Manifest, 'dump'>): Promise<DatabaseBackups> {
  return await BACKUPS[dialectOfBackup(manifest)]()
}
