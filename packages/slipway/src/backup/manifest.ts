import { type LoadSchema, parseJson, sha256 } from '../kernel/index.ts'
import type { Compression } from './compression.ts'
import { raise } from './failures.ts'

/** How the backup is written: a format of pg_dump, or SQL that SQLite's own program reads. */
export type DumpFormat = 'custom' | 'directory' | 'plain' | 'sqlite-sql'

/** A file of a backup. */
export interface Part {
  /** Its key in the store. */
  readonly key: string
  /** The dump, the roles of the server, or a file of a dump in the directory format: then with its name there. */
  readonly kind: 'dump' | 'globals' | 'file'
  readonly file?: string
  /** Of the file as it is in the store. */
  readonly bytes: number
  readonly sha256: string
}

/** The rows of a table, as the snapshot of the dump has them. */
export interface TableSum {
  readonly schema: string
  readonly table: string
  readonly rows: number
  /** A sum over all rows, regardless of their order, with which a restored table is compared. */
  readonly sum: string
}

/** What else of the data is compared. */
export interface DataSums {
  readonly tables: readonly TableSum[]
  /**
   * `schema.name` and position of each sequence: the last value, and whether it was given. If others moved it during the
   * dump, where it began and ended: `4 to 9`.
   */
  readonly sequences: Readonly<Record<string, string>>
  readonly largeObjects: number
  /** Rows without the row that they refer to. SQLite may have them; absent on PostgreSQL, which has none. */
  readonly orphans?: number
}

/** What a backup is: written beside its parts when these are complete, so that without it there is no backup. */
export interface Manifest {
  readonly format: 1
  readonly id: string
  readonly environment: string
  /** By the clock of the server, or of the machine that made it where there is no server: UTC. */
  readonly createdAt: string
  /** The version of Slipway. */
  readonly slipway: string
  /** The version of pg_dump; empty on SQLite. */
  readonly pgDump: string
  readonly server: ServerFacts
  readonly database: string
  /** Of the database on the server's disk. */
  readonly databaseBytes: number
  readonly dump: DumpFormat
  readonly compression: Compression
  readonly encryption: 'none' | 'recipients' | 'passphrase'
  /** The last migration of the history, and a hash of the whole; null where the database has none. */
  readonly lastMigration: string | null
  readonly historyHash: string | null
  /** Of the schemas of the project. */
  readonly fingerprint: { readonly method: string; readonly hash: string }
  readonly schemas: readonly string[]
  readonly extensions: readonly string[]
  /** The roles that own objects or may use them: a server that lacks one refuses the restore. */
  readonly roles: readonly string[]
  /** Those that own what only a superuser may own: event triggers and foreign-data wrappers. */
  readonly superusers: readonly string[]
  readonly parts: readonly Part[]
  /** The migrations that the deploy applied for which it was made; none for any other. */
  readonly before: readonly string[]
  /** Tables whose rows were left out. */
  readonly excludedData: readonly string[]
  /** Null if they were switched off: then the rows cannot be compared. */
  readonly sums: DataSums | null
  /** How long the dump took, in milliseconds. */
  readonly ms: number
}

/** Of the server that the backup is of. */
export interface ServerFacts {
  readonly version: string
  readonly versionNumber: number
  readonly encoding: string
  readonly collate: string
  readonly ctype: string
  /** Whose rules sort texts, and the name of the locale where it is not that of the operating system. */
  readonly provider: 'libc' | 'icu' | 'builtin'
  readonly locale: string | null
}

/** A manifest as it is stored: it says of itself whether it was changed. */
export interface SealedManifest {
  readonly content: Manifest
  readonly sha256: string
}

/** A verification as it is stored. */
export interface SealedVerification {
  readonly content: Verification
  readonly sha256: string
}

/** That a backup was restored and compared: written beside it each time. */
export interface Verification {
  readonly id: string
  /** UTC, to the second. */
  readonly verifiedAt: string
  /** Which manifest it is of. */
  readonly manifestSha256: string
  readonly server: string
  /** How long the restore took, in milliseconds. */
  readonly restoreMs: number
  /** What was compared, and what could not be. */
  readonly compared: readonly string[]
  readonly notCompared: readonly string[]
}

const ENDING = '.manifest.json'
const VERIFIED = '.verified.json'
const ID = /^backup-([^/]+)-(\d{8}T\d{9}Z)$/

export function manifestKey(id: string): string {
  return id + ENDING
}

/** Each verification has a file of its own, so that the one before stays until it is written. */
export function verificationKey({
  id,
  verifiedAt,
}: Pick<Verification, 'id' | 'verifiedAt'>): string {
  return `${id}.${verifiedAt.replaceAll(/[-:]/g, '')}${VERIFIED}`
}

/** The keys of the verifications of a backup, the last one first. */
export function verificationKeys(id: string, keys: readonly string[]): string[] {
  return keys
    .filter((key) => key.startsWith(`${id}.`) && key.endsWith(VERIFIED))
    .toSorted()
    .toReversed()
}

export function isBackupId(text: string): boolean {
  return ID.test(text)
}

/** The backup id in the key of a manifest; undefined for other keys. */
export function idOfManifest(key: string): string | undefined {
  const id = key.endsWith(ENDING) ? key.slice(0, -ENDING.length) : ''
  return isBackupId(id) ? id : undefined
}

/** The id of a backup, which sorts by its time: `backup-production-20261129T150000000Z`. */
export function backupId(environment: string, at: Date): string {
  const time = at.toISOString().replaceAll(/[-:.]/g, '')
  return idPrefix(environment) + time
}

/** What the ids of an environment begin with. */
export function idPrefix(environment: string): string {
  return `backup-${environment.replaceAll(/[^\w.-]/g, '_')}-`
}

/** The text of a manifest or a verification as it is stored. */
export function sealed(content: Manifest | Verification): string {
  return `${JSON.stringify({ content, sha256: sealOf(content) }, null, 2)}\n`
}

/** A hash of what it says. */
export function sealOf(content: Manifest | Verification): string {
  return sha256(JSON.stringify(content))
}

const manifestSchema: LoadSchema = () =>
  import('./backup-manifest.schema.json', { with: { type: 'json' } })
const verificationSchema: LoadSchema = () =>
  import('./backup-verification.schema.json', { with: { type: 'json' } })

/** Reads a stored manifest. Fails with BACKUP.MANIFEST_INVALID where it is not what was written, or of another backup. */
export async function readManifest(id: string, text: string): Promise<Manifest> {
  const read = await parseJson<SealedManifest>(text, manifestSchema)
  const refuse = (why: string) =>
    raise('BACKUP.MANIFEST_INVALID', { message: `The manifest of ${id} cannot be used.`, why })
  if ('why' in read) return refuse(read.why)
  const { content, sha256: seal } = read.value
  if (sealOf(content) !== seal) return refuse('It was changed after it was written.')
  if (content.id !== id) return refuse(`It belongs to backup ${content.id}.`)
  const foreign = content.parts.find(({ key }) => !isPartKey(key, id))
  if (foreign) return refuse(`It names ${foreign.key}, which is not a part of it.`)
  return content
}

/** Parts are beside the manifest, or in the folder of the backup. */
function isPartKey(key: string, id: string): boolean {
  const [, end = '/'] = key.split(id)
  return key === id + end && /^[./][^/]+$/.test(end)
}

/** Reads a stored verification; undefined if it is not of this manifest, or not what was written. */
export async function readVerification(
  text: string,
  manifest: Manifest,
): Promise<Verification | undefined> {
  const read = await parseJson<SealedVerification>(text, verificationSchema)
  if ('why' in read) return undefined
  const { content, sha256: seal } = read.value
  const isOwn = sealOf(content) === seal && content.manifestSha256 === sealOf(manifest)
  return isOwn ? content : undefined
}

/** The bytes of all files of a backup. */
export function manifestBytes({ parts }: Manifest): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0)
}
