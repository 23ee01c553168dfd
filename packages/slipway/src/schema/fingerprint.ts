/**
 * A hash of everything in the user's schemas, in all and per object. Equal for equal schemas whatever
 * the PostgreSQL version, the order of columns, or who owns them and may use them.
 */
export interface Fingerprint {
  readonly method: string
  readonly hash: string
  /** By the key of the object's reference, sorted. Shortened hashes: they only tell objects apart. */
  readonly objects: Readonly<Record<string, string>>
}
