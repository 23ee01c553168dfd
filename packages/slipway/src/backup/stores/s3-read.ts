import { once } from 'node:events'
import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import { failureOf } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import type { S3Bucket } from './s3-client.ts'
import { s3Request } from './s3-failures.ts'

const PAUSE_MS = 200

/**
 * Reads an object. If the connection is lost, it resumes at the next byte. The stream fails with
 * BACKUP.STORE_UNAVAILABLE if several consecutive attempts return no more bytes.
 */
export async function readObject(bucket: S3Bucket, fullKey: string): Promise<Readable> {
  const closed = new AbortController()
  const get = (continued: { Range?: string; IfMatch?: string | undefined }) => {
    const { GetObjectCommand } = bucket.sdk.s3
    const command = new GetObjectCommand({ Bucket: bucket.bucket, Key: fullKey, ...continued })
    return s3Request(bucket, () => bucket.client.send(command, { abortSignal: closed.signal }))
  }
  const first = await get({})
  const body = new PassThrough({ highWaterMark: 1 << 20 })
  body.once('close', () => closed.abort())
  resume({ bucket, first, get, body, closed: closed.signal }).then(
    () => body.end(),
    (error: unknown) => body.destroy(error as Error),
  )
  return body
}

interface Reading {
  readonly bucket: S3Bucket
  readonly first: GetObjectCommandOutput
  readonly get: (continued: {
    Range?: string
    IfMatch?: string | undefined
  }) => Promise<GetObjectCommandOutput>
  readonly body: PassThrough
  readonly closed: AbortSignal
}

async function resume({ bucket, first, get, body, closed }: Reading): Promise<void> {
  const { ContentLength: total, ETag: IfMatch } = first
  let answer: GetObjectCommandOutput | undefined = first
  let offset = 0
  let failures = 0
  for (;;) {
    const from = offset
    try {
      answer ??= await get({ Range: `bytes=${from}-`, IfMatch })
      if (answer !== first && !answer.ContentRange?.startsWith(`bytes ${from}-`)) break
      await pipeline(answer.Body as Readable, async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) {
          offset += chunk.length
          if (!body.write(chunk)) await once(body, 'drain', { signal: closed })
        }
      })
      if (total === undefined || offset === total) return
    } catch (error) {
      if (closed.aborted) return
      checkRepeatable(bucket, error)
    }
    answer = undefined
    failures = offset > from ? 1 : failures + 1
    if (failures > bucket.limits.attempts) {
      raise('BACKUP.STORE_UNAVAILABLE', {
        message: `The connection to the store ${bucket.shown} was lost while a backup was read.`,
        why: `It was lost ${failures} times at byte ${offset} of ${total}.`,
      })
    }
    await sleep(PAUSE_MS * 2 ** (failures - 1), undefined, { signal: closed })
  }
  ;(answer?.Body as Readable | undefined)?.destroy()
  raise('BACKUP.STORE_UNAVAILABLE', {
    message: `The connection to the store ${bucket.shown} was lost while a backup was read, and the read cannot be resumed.`,
    why: 'The store does not support reading from an offset.',
  })
}

/** Returns if another attempt can succeed, as after a broken connection; throws if the store refused. */
function checkRepeatable({ shown }: S3Bucket, error: unknown): void {
  const code = failureOf(error)?.code
  if (code === undefined || code === 'BACKUP.STORE_UNAVAILABLE') return
  if (code !== 'BACKUP.EXISTS') throw error
  raise('BACKUP.DAMAGED', {
    message: `A part of the backup in ${shown} was replaced while it was read.`,
  })
}
