import type { DataSums, DumpFormat, Manifest, Part } from './manifest.ts'
import type { PartSource } from './parts.ts'

/** What the manifest says of a database, read in the snapshot of its dump. */
export type DumpFacts = Pick<
  Manifest,
  | 'createdAt'
  | 'database'
  | 'databaseBytes'
  | 'extensions'
  | 'fingerprint'
  | 'historyHash'
  | 'lastMigration'
  | 'pgDump'
  | 'roles'
  | 'server'
  | 'superusers'
>

/** A dump of a database in one snapshot, which is written part by part. */
export interface Dump {
  readonly facts: DumpFacts
  readonly format: DumpFormat
  /** Tables whose rows it leaves out. */
  readonly excludedData: readonly string[]
  /** What is stored. */
  parts(id: string, signal: AbortSignal): AsyncIterable<PartSource>
  /** Sums the rows while the parts are stored. */
  sum(signal: AbortSignal): Promise<void>
  /** The sums, when all is stored. */
  sums(): Promise<DataSums | null>
  /** Fails with BACKUP.DUMP_FAILED where what was stored cannot be a dump. */
  check(parts: readonly Part[]): void
}
