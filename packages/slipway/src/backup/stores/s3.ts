import type { S3Config } from '../../project/index.ts'
import { raise } from '../failures.ts'
import type { Store, Stored } from '../store.ts'
import {
  connectS3,
  loadS3Sdk,
  prefixOf,
  type S3Bucket,
  type S3Limits,
  type S3Sdk,
} from './s3-client.ts'
import { s3Request } from './s3-failures.ts'
import { readObject } from './s3-read.ts'
import { abortUpload, removeObject } from './s3-remove.ts'
import { uploadObject, type Uploads } from './s3-upload.ts'

const LIMITS: S3Limits = { idleMs: 120_000, attempts: 5 }
const DAY_MS = 24 * 60 * 60 * 1000
/** For tests: shorter limits, and a loader that fails. */
interface Internals extends Partial<S3Limits> {
  readonly load?: () => Promise<S3Sdk>
}

/**
 * Backups in a bucket. An object is listed only when complete, and never replaced. Fails with
 * BACKUP.PACKAGE_MISSING or BACKUP.STORE_UNKNOWN. Sends no request, so an unavailable store is only found
 * later.
 */
export async function s3Store(
  options: S3Config,
  { load, ...limits }: Internals = {},
): Promise<Store> {
  const bucket = await connectS3(await loadS3Sdk(load), options, { ...LIMITS, ...limits })
  const start = prefixOf(options) === '' ? '' : `${prefixOf(options)}/`
  const uploads: Uploads = { running: new Set(), failed: new Set() }
  return {
    name: bucket.shown,
    list: async () => await listObjects(bucket, start),
    async write(key, body, writeOptions) {
      await uploadObject(bucket, { ...writeOptions, fullKey: start + key, body, uploads })
    },
    read: async (key) => await readObject(bucket, start + key),
    // Sequentially, because the order matters: a manifest must be removed first.
    async remove(keys) {
      for (const key of keys) await removeObject(bucket, start + key)
    },
    // An object store cannot tell which processes are running; the next backup removes old uploads.
    begin: async () => async () => {},
    sweep: async () => await sweepUploads(bucket, start, uploads),
  }
}

async function listObjects(bucket: S3Bucket, start: string): Promise<Stored[]> {
  const found: Stored[] = []
  let token: string | undefined
  do {
    const command = new bucket.sdk.s3.ListObjectsV2Command({
      Bucket: bucket.bucket,
      Prefix: start,
      ContinuationToken: token,
    })
    const page = await s3Request(bucket, () => bucket.client.send(command))
    const { Contents = [], KeyCount = Contents.length, IsTruncated } = page
    token = page.NextContinuationToken === '' ? undefined : page.NextContinuationToken
    if (KeyCount !== Contents.length || IsTruncated !== (token !== undefined)) refuseList(bucket)
    for (const { Key = '', Size = 0, LastModified } of Contents) {
      const key = Key.slice(start.length)
      // Web consoles store an empty object for a folder.
      if (key !== '' && !key.endsWith('/'))
        found.push({ key, bytes: Size, storedAt: LastModified?.toISOString() })
    }
  } while (token !== undefined)
  return found
}

/**
 * Aborts abandoned multipart uploads: failed ones of this process, and those older than a day by the store's
 * clock. Others may be running. Does nothing if the store cannot list uploads, or denies it to this account.
 */
async function sweepUploads(bucket: S3Bucket, start: string, uploads: Uploads): Promise<number> {
  let ended = 0
  let marker: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}
  for (;;) {
    const { ListMultipartUploadsCommand } = bucket.sdk.s3
    const command = new ListMultipartUploadsCommand({
      Bucket: bucket.bucket,
      Prefix: start,
      ...marker,
    })
    const page = await s3Request(bucket, () => bucket.client.send(command).catch(ifUnlistable))
    if (!page) return ended
    const now = Date.now() + bucket.client.config.systemClockOffset
    for (const { Key, UploadId = '', Initiated } of page.Uploads ?? []) {
      const isOld = Initiated !== undefined && now - Initiated.getTime() > DAY_MS
      if (uploads.running.has(UploadId) || !(isOld || uploads.failed.has(UploadId))) continue
      await abortUpload(bucket, Key, UploadId)
      ended += 1
    }
    if (!page.IsTruncated || page.NextKeyMarker === undefined) return ended
    marker = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
  }
}

function ifUnlistable(error: {
  name?: string
  $metadata?: { httpStatusCode?: number }
}): undefined {
  if (error.name === 'AccessDenied' || error.$metadata?.httpStatusCode === 501) return undefined
  throw error
}

function refuseList({ shown }: S3Bucket): never {
  return raise('BACKUP.STORE_UNAVAILABLE', {
    message: `The store ${shown} returned an incomplete object list.`,
    why: 'Its count does not match its entries.',
  })
}
