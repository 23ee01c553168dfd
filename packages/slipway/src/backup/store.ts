import type { Readable } from 'node:stream'

/** An object in a store. */
export interface Stored {
  /**
   * Its name without the folder or prefix of the store:
   * `backup-production-20261129T150000000Z.manifest.json`.
   */
  readonly key: string
  readonly bytes: number
  /** When it was written, in UTC, by the store's clock. */
  readonly storedAt?: string | undefined
}

/** Options for writing an object. */
export interface WriteOptions {
  readonly signal: AbortSignal
  /** The approximate size, by which an object store chooses the size of upload parts. */
  readonly expectedBytes?: number | undefined
}

/**
 * A place for backups, which does not interpret what it stores. Each method fails with
 * BACKUP.STORE_UNAVAILABLE, BACKUP.STORE_REFUSED or BACKUP.STORE_FULL. Failures name the store, never a
 * credential.
 */
export interface Store {
  /** The name for messages: a folder, or `s3://bucket/prefix`. */
  readonly name: string
  /** Lists all completely written objects. */
  list(): Promise<readonly Stored[]>
  /**
   * Writes a new object, which is listed only when complete. Fails with BACKUP.EXISTS if the key is taken.
   */
  write(key: string, body: Readable, options: WriteOptions): Promise<void>
  /** Reads an object. Fails with BACKUP.DAMAGED if it does not exist. */
  read(key: string): Promise<Readable>
  remove(keys: readonly string[]): Promise<void>
  /**
   * Records that the parts of a backup are being written, so that `sweep` removes them if this process is
   * killed. Returns a function that removes the record.
   */
  begin(id: string): Promise<() => Promise<void>>
  /** Removes what killed writers left behind. Returns the number of removed pieces. */
  sweep(): Promise<number>
}
