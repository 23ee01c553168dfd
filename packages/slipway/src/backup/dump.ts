import type { DataSums, DumpFormat, Manifest, Part } from './manifest.ts'
import type { PartSource } from './parts.ts'

/** The manifest's facts about the database, read in the snapshot of the dump. */
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

/** A dump of a database in one snapshot, written part by part. */
export interface Dump {
  readonly facts: DumpFacts
  readonly format: DumpFormat
  /** Tables whose rows are skipped. */
  readonly excludedData: readonly string[]
  /** The parts to store. */
  parts(id: string, signal: AbortSignal): AsyncIterable<PartSource>
  /** Computes the checksums of rows while the parts are stored. */
  sum(signal: AbortSignal): Promise<void>
  /** The checksums, after all parts are stored. */
  sums(): Promise<DataSums | null>
  /** Fails with BACKUP.DUMP_FAILED if the stored parts cannot be a dump. */
  check(parts: readonly Part[]): void
}
