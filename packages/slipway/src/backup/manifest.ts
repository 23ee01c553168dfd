import { type LoadSchema, parseJson, sha256 } from '../kernel/index.ts'
import { isProof } from './compare.ts'
import type { Compression } from './compression.ts'
import { raise } from './failures.ts'

/** The format of a dump: one of pg_dump's, or SQL for the `sqlite3` program. */
export type DumpFormat = 'custom' | 'directory' | 'plain' | 'sqlite-sql'

/** A file of a backup. */
export interface Part {
  /** Its key in the store. */
  readonly key: string
  /** The dump, the server's roles, or a file of a dump in directory format, then with its name in `file`. */
  readonly kind: 'dump' | 'globals' | 'file'
  readonly file?: string
  /** The size of the file in the store. */
  readonly bytes: number
  readonly sha256: string
}

/** The rows of a table in the snapshot of the dump. */
export interface TableSum {
  readonly schema: string
  readonly table: string
  readonly rows: number
  /** A checksum of all rows, independent of their order, for comparison with a restored table. */
  readonly sum: string
}

/** The facts by which data is compared. */
export interface DataSums {
  /**
   * How texts are hashed: `bytes`, so that a collation makes no different texts equal. Absent on SQLite, and in
   * backups of earlier versions, which hashed texts by their collation.
   */
  readonly method?: 'bytes'
  readonly tables: readonly TableSum[]
  /**
   * The position of each sequence by `schema.name`: its last value, and whether it was used. If other
   * sessions advanced it during the dump, its positions before and after: `4 to 9`.
   */
  readonly sequences: Readonly<Record<string, string>>
  readonly largeObjects: number
  /** The number of rows that refer to missing rows. SQLite can have such rows; absent on PostgreSQL. */
  readonly orphans?: number
}

/** The manifest of a backup. It is written after all parts are complete; without it there is no backup. */
export interface Manifest {
  readonly format: 1
  readonly id: string
  readonly environment: string
  /** In UTC, by the clock of the server, or of this machine if there is no server. */
  readonly createdAt: string
  /** The version of Slipway. */
  readonly slipway: string
  /** The version of pg_dump; empty on SQLite. */
  readonly pgDump: string
  readonly server: ServerFacts
  readonly database: string
  /** The size of the database on the server's disk. */
  readonly databaseBytes: number
  readonly dump: DumpFormat
  readonly compression: Compression
  readonly encryption: 'none' | 'recipients' | 'passphrase'
  /**
   * The last applied migration; `historyHash` is the hash of the whole history. Null if there is no history.
   */
  readonly lastMigration: string | null
  readonly historyHash: string | null
  /** The fingerprint of the project's schemas. */
  readonly fingerprint: { readonly method: string; readonly hash: string }
  readonly schemas: readonly string[]
  readonly extensions: readonly string[]
  /**
   * The roles that own objects or have privileges on them; a server without one of them cannot restore the
   * backup.
   */
  readonly roles: readonly string[]
  /**
   * The roles that own objects only a superuser can own: event triggers and foreign-data wrappers; and the
   * server's first superuser, whose objects the server does not record completely.
   */
  readonly superusers: readonly string[]
  readonly parts: readonly Part[]
  /** The migrations of the deploy for which it was made; empty for other backups. */
  readonly before: readonly string[]
  /** Tables whose rows were skipped. */
  readonly excludedData: readonly string[]
  /** Null if checksums were disabled, so that rows cannot be compared. */
  readonly sums: DataSums | null
  /** How long the dump took, in milliseconds. */
  readonly ms: number
}

/** Facts about the server of a backup. */
export interface ServerFacts {
  readonly version: string
  readonly versionNumber: number
  readonly encoding: string
  readonly collate: string
  readonly ctype: string
  /** The provider of the collation; `locale` is its locale, or null if the provider is libc. */
  readonly provider: 'libc' | 'icu' | 'builtin'
  readonly locale: string | null
}

/** A manifest as stored, with a hash that reveals later changes. */
export interface SealedManifest {
  readonly content: Manifest
  readonly sha256: string
}

/** A verification as stored, with a hash that reveals later changes. */
export interface SealedVerification {
  readonly content: Verification
  readonly sha256: string
}

/** The record that a backup was restored and compared; each verification is stored next to the backup. */
export interface Verification {
  readonly id: string
  /** UTC, to the second. */
  readonly verifiedAt: string
  /** The hash of the backup's manifest. */
  readonly manifestSha256: string
  readonly server: string
  /** How long the restore took, in milliseconds. */
  readonly restoreMs: number
  /** The compared parts; `notCompared` lists those that could not be compared. */
  readonly compared: readonly string[]
  readonly notCompared: readonly string[]
}

const ENDING = '.manifest.json'
const VERIFIED = '.verified.json'
const ID = /^backup-([^/]+)-(\d{8}T\d{9}Z)$/

export function manifestKey(id: string): string {
  return id + ENDING
}

/** The key of a verification. Each has its own file, so that the previous one remains until it is written. */
export function verificationKey({
  id,
  verifiedAt,
}: Pick<Verification, 'id' | 'verifiedAt'>): string {
  return `${id}.${verifiedAt.replaceAll(/[-:]/g, '')}${VERIFIED}`
}

/** The keys of a backup's verifications, latest first. */
export function verificationKeys(id: string, keys: readonly string[]): string[] {
  return keys
    .filter((key) => key.startsWith(`${id}.`) && key.endsWith(VERIFIED))
    .toSorted()
    .toReversed()
}

export function isBackupId(text: string): boolean {
  return ID.test(text)
}

/** The backup ID in the key of a manifest; undefined for other keys. */
export function idOfManifest(key: string): string | undefined {
  const id = key.endsWith(ENDING) ? key.slice(0, -ENDING.length) : ''
  return isBackupId(id) ? id : undefined
}

/** The ID of a backup, which sorts by time: `backup-production-20261129T150000000Z`. */
export function backupId(environment: string, at: Date): string {
  const time = at.toISOString().replaceAll(/[-:.]/g, '')
  return idPrefix(environment) + time
}

/** The prefix of an environment's backup IDs. */
export function idPrefix(environment: string): string {
  return `backup-${environment.replaceAll(/[^\w.-]/g, '_')}-`
}

/** The stored text of a manifest or a verification. */
export function sealedText(content: Manifest | Verification): string {
  return `${JSON.stringify({ content, sha256: contentHash(content) }, null, 2)}\n`
}

/** The hash of its content. */
export function contentHash(content: Manifest | Verification): string {
  return sha256(JSON.stringify(content))
}

const manifestSchema: LoadSchema = () =>
  import('./backup-manifest.schema.json', { with: { type: 'json' } })
const verificationSchema: LoadSchema = () =>
  import('./backup-verification.schema.json', { with: { type: 'json' } })

/**
 * Reads a stored manifest. Fails with BACKUP.MANIFEST_INVALID if it was changed or belongs to another backup.
 */
export async function readManifest(id: string, text: string): Promise<Manifest> {
  const read = await parseJson<SealedManifest>(text, manifestSchema)
  const refuse = (why: string) =>
    raise('BACKUP.MANIFEST_INVALID', { message: `The manifest of ${id} cannot be used.`, why })
  if ('why' in read) return refuse(read.why)
  const { content, sha256: seal } = read.value
  if (contentHash(content) !== seal) return refuse('It was changed after it was written.')
  if (content.id !== id) return refuse(`It belongs to backup ${content.id}.`)
  const foreign = content.parts.find(({ key }) => !isPartKey(key, id))
  if (foreign) return refuse(`It names ${foreign.key}, which is not a part of it.`)
  return content
}

/** Whether a key is a part of a backup: next to the manifest, or in the folder of the backup. */
function isPartKey(key: string, id: string): boolean {
  const [, end = '/'] = key.split(id)
  return key === id + end && /^[./][^/]+$/.test(end)
}

/** Reads a stored verification; undefined if it is for another manifest, was changed, or proves nothing. */
export async function readVerification(
  text: string,
  manifest: Manifest,
): Promise<Verification | undefined> {
  const read = await parseJson<SealedVerification>(text, verificationSchema)
  if ('why' in read) return undefined
  const { content, sha256: seal } = read.value
  const isOwn = contentHash(content) === seal && content.manifestSha256 === contentHash(manifest)
  return isOwn && isProof(content) ? content : undefined
}

/** The total size of a backup's files. */
export function manifestBytes({ parts }: Manifest): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0)
}
