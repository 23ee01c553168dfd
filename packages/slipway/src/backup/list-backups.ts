import { text } from 'node:stream/consumers'
import { attempt, command, failureOf, rethrow } from '../kernel/index.ts'
import { raise } from './failures.ts'
import {
  idOfManifest,
  idPrefix,
  type Manifest,
  manifestKey,
  readManifest,
  readVerification,
  type Verification,
  verificationKeys,
} from './manifest.ts'
import type { Store, Stored } from './store.ts'

/** A complete backup. */
export interface Backup {
  readonly manifest: Manifest
  /** Its last verification; absent if it was never verified. */
  readonly verification?: Verification
  /** The time when its manifest was stored, by the store's clock. */
  readonly storedAt?: string | undefined
}

/** The backups in a store. */
export interface Listing {
  /** Newest first. */
  readonly backups: readonly Backup[]
  /** Unusable backups, with the reason as a sentence. */
  readonly unusable: readonly { readonly id: string; readonly why: string }[]
}

/**
 * Lists the backups in a store: those with a valid manifest, and with all parts present in their recorded
 * sizes.
 */
export async function listBackups(store: Store): Promise<Listing> {
  const stored = await store.list()
  const ids = stored.flatMap(({ key }) => idOfManifest(key) ?? [])
  const backups: Backup[] = []
  const unusable: { id: string; why: string }[] = []
  for (const id of ids) {
    try {
      backups.push(await readBackup(store, stored, id))
    } catch (error) {
      const failure = failureOf(error)
      if (!failure || !UNUSABLE.has(failure.code)) throw error
      unusable.push({ id, why: failure.why ?? failure.message })
    }
  }
  const byTime = (one: Backup, other: Backup) =>
    other.manifest.createdAt.localeCompare(one.manifest.createdAt)
  return { backups: backups.toSorted(byTime), unusable }
}

const UNUSABLE = new Set(['BACKUP.MANIFEST_INVALID', 'BACKUP.DAMAGED'])

/** Identifies a backup: by ID, in any environment, or otherwise the newest of the environment. */
export interface BackupName {
  readonly id: string | undefined
  readonly environment: string
}

/**
 * Finds a backup. Fails with BACKUP.NOT_FOUND, or with the reason why the backup with this ID is unusable.
 */
export async function findBackup(store: Store, { id, environment }: BackupName): Promise<Backup> {
  if (id === undefined) {
    const newest = await newestBackup(store, environment)
    return newest ?? refuseUnknown(`There is no backup of ${environment} in ${store.name}.`)
  }
  const stored = await store.list()
  if (!stored.some(({ key }) => key === manifestKey(id)))
    return refuseUnknown(`There is no backup ${id} in ${store.name}.`)
  return await readBackup(store, stored, id)
}

/** The newest usable backup of an environment, by the times in IDs; does not read older backups. */
export async function newestBackup(store: Store, environment: string): Promise<Backup | undefined> {
  const stored = await store.list()
  const ids = stored.flatMap(({ key }) => idOfManifest(key) ?? [])
  const own = ids.filter((id) => id.startsWith(idPrefix(environment)))
  // An ID with the same prefix may belong to an environment with a longer name.
  for (const id of own.toSorted().toReversed()) {
    const read = await attempt(() => readBackup(store, stored, id))
    if (read.ok && read.value.manifest.environment === environment) return read.value
    if (!read.ok && !UNUSABLE.has(read.failure.code)) rethrow(read.failure)
  }
  return undefined
}

function refuseUnknown(message: string): never {
  return raise('BACKUP.NOT_FOUND', {
    message,
    nextActions: [command(['backup', 'list'], 'see the existing backups')],
  })
}

async function readBackup(store: Store, stored: readonly Stored[], id: string): Promise<Backup> {
  const manifest = await readManifest(id, await text(await store.read(manifestKey(id))))
  const sizes = new Map(stored.map(({ key, bytes }) => [key, bytes]))
  for (const { key, bytes } of manifest.parts) {
    const found = sizes.get(key)
    if (found === bytes) continue
    raise('BACKUP.DAMAGED', {
      message: `${id} is not complete.`,
      why:
        found === undefined
          ? `${key} is missing.`
          : `${key} is ${found} bytes long instead of ${bytes}.`,
    })
  }
  const [last] = verificationKeys(id, [...sizes.keys()])
  const verification =
    last === undefined
      ? undefined
      : await readVerification(await text(await store.read(last)), manifest)
  const storedAt = stored.find(({ key }) => key === manifestKey(id))?.storedAt
  return { manifest, storedAt, ...(verification ? { verification } : {}) }
}

/** Longer than any backup takes. */
const UNFINISHED_MS = 7 * 86_400_000

/** Removes parts that are older than a week and have no manifest: the process that wrote them was killed. */
export async function removeUnfinished(store: Store, now: string): Promise<void> {
  const keys = (await store.list()).map(({ key }) => key)
  const complete = new Set(keys.flatMap((key) => idOfManifest(key) ?? []))
  const isLeft = (key: string) => {
    const [id = '', time = ''] = PART.exec(key) ?? []
    const at = Date.parse(time.replace(/(....)(..)(..T..)(..)(..)(...Z)/, '$1-$2-$3:$4:$5.$6'))
    return id !== '' && !complete.has(id) && Date.parse(now) - at > UNFINISHED_MS
  }
  await store.remove(keys.filter(isLeft))
}

const PART = /^backup-[^/]+?-(\d{8}T\d{9}Z)(?=[./])/

/** Removes backups. The manifest is removed first, so that the rest is never mistaken for a backup. */
export async function removeBackups(store: Store, backups: readonly Backup[]): Promise<void> {
  const stored = (await store.list()).map(({ key }) => key)
  for (const { manifest } of backups) {
    const { id, parts } = manifest
    const verifications = verificationKeys(id, stored)
    await store.remove([manifestKey(id), ...verifications, ...parts.map(({ key }) => key)])
  }
}
