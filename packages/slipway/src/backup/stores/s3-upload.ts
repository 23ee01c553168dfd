import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import type { HeadObjectCommandOutput, PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3'
import { failureOf } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import type { WriteOptions } from '../store.ts'
import type { S3Bucket } from './s3-client.ts'
import { s3Request } from './s3-failures.ts'
import { abortUpload, removeObject } from './s3-remove.ts'

const MIB = 1 << 20
const MAX_PARTS = 10_000
/**
 * The metadata key that identifies the write of an object, so that its outcome can be checked after a lost
 * response.
 */
const TOKEN = 'slipway-write'

/** How an object is split into parts. */
export interface PartPlan {
  /** The size of each part except the last, in bytes. */
  readonly partSize: number
  /** The number of parts sent at the same time. */
  readonly concurrency: number
}

/**
 * Chooses the size of parts so that `expectedBytes` fit into half of the 10,000 parts that S3 allows, because
 * the last backup may have been much smaller. The parts being sent, the part being filled and its copy take
 * 48 MiB of memory if parts are small, and at most 96 MiB. The maximum size of an object is 312 GiB.
 */
export function partPlan(expectedBytes: number | undefined): PartPlan {
  const wanted = expectedBytes === undefined ? 16 * MIB : Math.ceil(expectedBytes / 5000)
  const partSize = Math.min(32 * MIB, Math.max(5 * MIB, wanted))
  const fit = Math.floor((48 * MIB) / partSize) - 2
  return { partSize, concurrency: Math.min(2, Math.max(1, fit)) }
}

/** The multipart uploads of one store: running ones, and failed ones that may have left parts. */
export interface Uploads {
  readonly running: Set<string>
  readonly failed: Set<string>
}

/** The data to write, and its key. */
export interface UploadRequest extends WriteOptions {
  /** The key with the prefix. */
  readonly fullKey: string
  readonly body: Readable
  readonly uploads: Uploads
}

/**
 * Writes a complete object or nothing, and never replaces an existing object. Afterwards it reads the size
 * from the store, because a success response can be wrong, and so can a failure response.
 */
export async function uploadObject(bucket: S3Bucket, request: UploadRequest): Promise<void> {
  const { fullKey, body, signal } = request
  const ids = new Set<string>()
  const sent: Sent = { begun: false, bytes: 0, token: randomUUID(), ids, error: undefined }
  const stop = () => body.destroy(signal.reason as Error)
  signal.addEventListener('abort', stop, { once: true })
  body.once('error', (cause) => (sent.error ??= { cause }))
  try {
    signal.throwIfAborted()
    if (await isThere(bucket, fullKey)) refuseExisting(bucket)
    await send(bucket, request, sent)
    await confirm(bucket, fullKey, sent)
  } catch (error) {
    body.destroy()
    await endUploads(bucket, request, ids)
    const stored = sent.begun ? await storedOf(bucket, fullKey, sent) : undefined
    if (stored === 'whole' && !signal.aborted && !sent.error) return
    if (stored) await removeObject(bucket, fullKey).catch(() => {})
    signal.throwIfAborted()
    // If the store refused, the body fails as a consequence, so the store's failure is reported.
    throw sent.error && !failureOf(error) ? sent.error.cause : error
  } finally {
    for (const id of ids) request.uploads.running.delete(id)
    signal.removeEventListener('abort', stop)
  }
}

interface Sent {
  begun: boolean
  bytes: number
  readonly token: string
  /** The IDs of its multipart uploads: at most one. */
  readonly ids: Set<string>
  /** The error of the body. */
  error: { readonly cause: unknown } | undefined
}

async function send(bucket: S3Bucket, request: UploadRequest, sent: Sent): Promise<void> {
  const { body, expectedBytes, fullKey } = request
  const { partSize, concurrency } = partPlan(expectedBytes)
  sent.begun = true
  const counted = async function* () {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      sent.bytes += chunk.length
      if (sent.bytes > partSize * MAX_PARTS) refuseLarge(bucket, partSize)
      yield chunk
    }
  }
  const upload = new bucket.sdk.storage.Upload({
    client: guarded(bucket, request, sent.ids),
    params: {
      ...targetOf(bucket, fullKey),
      IfNoneMatch: '*',
      Metadata: { [TOKEN]: sent.token },
      Body: Readable.from(counted(), { objectMode: false }),
    },
    partSize,
    queueSize: concurrency,
  })
  await upload.done()
}

/**
 * Removes the parts that were sent. The next sweep removes any that remain, whatever the store's response
 * was.
 */
async function endUploads(
  bucket: S3Bucket,
  { fullKey, uploads }: UploadRequest,
  ids: ReadonlySet<string>,
): Promise<void> {
  for (const id of ids) {
    uploads.failed.add(id)
    await abortUpload(bucket, fullKey, id).catch(() => undefined)
  }
}

function targetOf({ bucket, options }: S3Bucket, fullKey: string): PutObjectCommandInput {
  const { serverSideEncryption, kmsKeyId, checksums } = options
  return {
    Bucket: bucket,
    Key: fullKey,
    ...(checksums === 'when-required' ? {} : { ChecksumAlgorithm: 'CRC32' }),
    ...(serverSideEncryption === undefined ? {} : { ServerSideEncryption: serverSideEncryption }),
    ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }),
  }
}

/**
 * The client for the SDK's `Upload`, with our signal, which `Upload` does not pass to running requests.
 * Ignores the abort requests of `Upload`, because an error of one would hide the original error.
 */
function guarded(bucket: S3Bucket, { signal, uploads }: UploadRequest, ids: Set<string>): S3Client {
  const { client, sdk } = bucket
  type Command = Parameters<S3Client['send']>[0]
  const sendGuarded = async (command: Command) => {
    if (command instanceof sdk.s3.AbortMultipartUploadCommand) return {}
    const result = await s3Request(bucket, () => client.send(command, { abortSignal: signal }))
    const { UploadId = '', ETag = '' } = result as { UploadId?: string; ETag?: string }
    if (command instanceof sdk.s3.UploadPartCommand && ETag === '') refuseAnswer(bucket)
    if (command instanceof sdk.s3.CreateMultipartUploadCommand) {
      // Some stores take a part without an upload ID as a complete object.
      if (UploadId === '') refuseAnswer(bucket)
      ids.add(UploadId)
      uploads.running.add(UploadId)
    }
    return result
  }
  return Object.create(client, { send: { value: sendGuarded } }) as S3Client
}

type Head = HeadObjectCommandOutput

/** The metadata of an object; undefined if it does not exist; `hidden` if this account has no read access. */
async function headObject(bucket: S3Bucket, fullKey: string): Promise<Head | 'hidden' | undefined> {
  const command = new bucket.sdk.s3.HeadObjectCommand({ Bucket: bucket.bucket, Key: fullKey })
  try {
    return await s3Request(bucket, () => bucket.client.send(command))
  } catch (error) {
    const code = failureOf(error)?.code
    if (code === 'BACKUP.DAMAGED') return undefined
    if (code === 'BACKUP.STORE_REFUSED') return 'hidden'
    throw error
  }
}

async function isThere(bucket: S3Bucket, fullKey: string): Promise<boolean> {
  const found = await headObject(bucket, fullKey)
  return found !== undefined && found !== 'hidden'
}

/**
 * Fails if the stored object is not what was written. Without read access, the upload's checksums must
 * suffice.
 */
async function confirm(bucket: S3Bucket, fullKey: string, { bytes, token }: Sent): Promise<void> {
  const found = await headObject(bucket, fullKey)
  if (found === 'hidden') return
  if (found?.ContentLength === bytes && (found.Metadata?.[TOKEN] ?? token) === token) return
  raise('BACKUP.STORE_UNAVAILABLE', {
    message: `The store ${bucket.shown} reported success, but the object is missing or different.`,
    why: found
      ? `It has ${found.ContentLength} bytes of ${bytes}, or the content of another write.`
      : 'It has no object of this name.',
  })
}

/** What the store has of this write after an error, because an error response proves nothing. */
async function storedOf(
  bucket: S3Bucket,
  fullKey: string,
  { bytes, token }: Sent,
): Promise<'whole' | 'part' | undefined> {
  const found = await headObject(bucket, fullKey).catch(() => undefined)
  if (found === undefined || found === 'hidden' || found.Metadata?.[TOKEN] !== token)
    return undefined
  return found.ContentLength === bytes ? 'whole' : 'part'
}

function refuseAnswer({ shown }: S3Bucket): never {
  return raise('BACKUP.STORE_UNAVAILABLE', {
    message: `The store ${shown} reported success, but its response is incomplete.`,
    why: 'The id of the upload or of a part is missing.',
  })
}

function refuseExisting({ shown }: S3Bucket): never {
  return raise('BACKUP.EXISTS', {
    message: `Another backup in ${shown} has this name.`,
    why: 'A backup is never replaced.',
  })
}

function refuseLarge({ shown }: S3Bucket, partSize: number): never {
  const limit = Math.floor((partSize * MAX_PARTS) / (1 << 30))
  return raise('BACKUP.STORE_FULL', {
    message: `The backup is larger than one object of ${shown} can be.`,
    why: `It was expected to be smaller, and is sent in at most 10,000 parts: ${limit} GiB.`,
  })
}
