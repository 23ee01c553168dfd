import { type Backup, type DumpFormat, type Manifest, manifestBytes } from '../backup/index.ts'

/** A backup, as results contain it. */
export interface BackupItem {
  readonly id: string
  readonly environment: string
  readonly database: string
  /** UTC, to the second. */
  readonly createdAt: string
  readonly format: DumpFormat
  readonly encryption: Manifest['encryption']
  /** The total size of its files. */
  readonly bytes: number
  readonly lastMigration: string | null
  readonly tables: number | null
  /** Null if the rows were not counted. */
  readonly rows: number | null
  readonly excludedData: readonly string[]
  readonly server: string
  /** How long the dump took, in milliseconds. */
  readonly ms: number
  /** When it was last restored and compared, and how long the restore took; null if never. */
  readonly verified: { readonly at: string; readonly restoreMs: number } | null
}

/** Converts a backup for a result. */
export function backupItem({ manifest, verification }: Backup): BackupItem {
  const { sums } = manifest
  return {
    id: manifest.id,
    environment: manifest.environment,
    database: manifest.database,
    createdAt: manifest.createdAt,
    format: manifest.dump,
    encryption: manifest.encryption,
    bytes: manifestBytes(manifest),
    lastMigration: manifest.lastMigration,
    tables: sums ? sums.tables.length : null,
    rows: sums ? sums.tables.reduce((total, { rows }) => total + rows, 0) : null,
    excludedData: manifest.excludedData,
    server: manifest.server.version,
    ms: manifest.ms,
    verified: verification
      ? { at: verification.verifiedAt, restoreMs: verification.restoreMs }
      : null,
  }
}
