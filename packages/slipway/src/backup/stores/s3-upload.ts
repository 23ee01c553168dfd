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
/** Which write an object is of: an answer that was lost is found out by it. */
const TOKEN = 'slipway-write'

/** How an object is cut. */
export interface PartPlan {
  /** Bytes of each part but the last. */
  readonly partSize: number
  /** How many parts are sent at the same time. */
  readonly atOnce: number
}

/**
 * Chooses the size of parts: `expectedBytes` fit into half of the 10,000 that S3 allows, because the last backup may have been
 * much smaller. Parts that are sent, one that is filled and its copy take 48 MiB together where parts are small, and 96 MiB at
 * most. An object has at most 312 GiB.
 */
export function partPlan(expectedBytes: number | undefined): PartPlan {
  const wanted = expectedBytes === undefined ? 16 * MIB : Math.ceil(expectedBytes / 5000)
  const partSize = Math.min(32 * MIB, Math.max(5 * MIB, wanted))
  const fit = Math.floor((48 * MIB) / partSize) - 2
  return { partSize, atOnce: Math.min(2, Math.max(1, fit)) }
}

/** The multipart uploads of one store: those that run, and those that failed and may have left parts. */
export interface Uploads {
  readonly running: Set<string>
  readonly failed: Set<string>
}

/** What is written, and where. */
export interface UploadRequest extends WriteOptions {
  /** With the prefix. */
  readonly fullKey: string
  readonly body: Readable
  readonly uploads: Uploads
}

/**
 * Writes a complete object, or nothing. An existing one is not replaced. Afterwards the size is read from the store, because a
 * success response can be wrong, and so can a failure response.
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
    // Where the store refused, the body ends with an error, too.
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
  /** The multipart uploads that it began: one at most. */
  readonly ids: Set<string>
  /** Of the body. */
  error: { readonly cause: unknown } | undefined
}

async function send(bucket: S3Bucket, request: UploadRequest, sent: Sent): Promise<void> {
  const { body, expectedBytes, fullKey } = request
  const { partSize, atOnce } = partPlan(expectedBytes)
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
    queueSize: atOnce,
  })
  await upload.done()
}

/** Removes the parts that were sent. What is listed nevertheless, whatever the store answered, the next sweep removes. */
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
 * The client as the upload of the SDK gets it, which knows no signal for requests under way. Its own abort is left out: if
 * that failed, its error would hide why it aborts.
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
      // A part without an id of its upload is a whole object to some stores.
      if (UploadId === '') refuseAnswer(bucket)
      ids.add(UploadId)
      uploads.running.add(UploadId)
    }
    return result
  }
  return Object.create(client, { send: { value: sendGuarded } }) as S3Client
}

type Head = HeadObjectCommandOutput

/** What the store knows of an object; undefined if it does not exist; `hidden` if this account may only write. */
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

/** Fails if the store does not have what it reported as written. Where it does not show this, its checksums must do. */
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

/** What is stored of this write, although an error was the last answer: of such an answer nothing follows. */
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
