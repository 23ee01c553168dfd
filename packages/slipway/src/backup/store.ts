import type { Readable } from 'node:stream'

/** Something in a store. */
export interface Stored {
  /** Its name there, without the folder or prefix of the store: `backup-production-20261129T150000000Z.json`. */
  readonly key: string
  readonly bytes: number
  /** When it was written, by the clock of the store: UTC. */
  readonly storedAt?: string | undefined
}

/** How something is written. */
export interface WriteOptions {
  readonly signal: AbortSignal
  /** About how large it will be: an object store chooses the size of its parts by it. */
  readonly expectedBytes?: number | undefined
}

/**
 * Where backups are. A store knows nothing of what it holds. Each method fails with BACKUP.STORE_UNAVAILABLE,
 * BACKUP.STORE_REFUSED or BACKUP.STORE_FULL, and names the store, never a credential.
 */
export interface Store {
  /** For people: a folder, or `s3://bucket/prefix`. */
  readonly name: string
  /** Everything that was written completely, by its key. */
  list(): Promise<readonly Stored[]>
  /** Writes something new: all of it, or nothing is listed. Fails with BACKUP.EXISTS where the key is taken. */
  write(key: string, body: Readable, options: WriteOptions): Promise<void>
  /** Reads something as it was written. Fails with BACKUP.DAMAGED where it is not there. */
  read(key: string): Promise<Readable>
  remove(keys: readonly string[]): Promise<void>
  /**
   * Notes that the parts of a backup are being written, so that `sweep` removes them if this process is killed. Ends with
   * what it gives.
   */
  begin(id: string): Promise<() => Promise<void>>
  /** Removes what writers that were killed have left. Gives how many pieces. */
  sweep(): Promise<number>
}
