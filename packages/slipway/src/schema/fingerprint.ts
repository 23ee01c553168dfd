/**
 * A hash of everything in the user's schemas, in total and per object. Equal for equal schemas regardless of
 * the PostgreSQL version, column order, owners and privileges.
 */
export interface Fingerprint {
  readonly method: string
  readonly hash: string
  /** By the key of the object's reference, sorted. Shortened hashes: they only tell objects apart. */
  readonly objects: Readonly<Record<string, string>>
}
