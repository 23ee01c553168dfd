import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { crc32 } from 'node:zlib'

/**
 * A small S3-compatible in-memory store with path-style HTTP: list (version 2, with pages), put with
 * If-None-Match, get with Range and If-Match, head, delete, and multipart uploads. It verifies the checksums
 * of requests, as Amazon does. Each request has the fault that `fault` returns.
 */
export interface S3Server {
  readonly url: string
  readonly objects: Map<string, StoredObject>
  readonly uploads: Map<string, MultipartUpload>
  /** The requests so far, such as `PUT key`, `POST key?uploads`. */
  readonly requests: string[]
  /** The fault of a request; undefined if it works. */
  fault: (request: S3Request) => Fault | undefined
  /** Whether lists do not contain a key yet. */
  hidden: (key: string) => boolean
  stop(): Promise<void>
}

export interface S3Request {
  readonly operation: Operation
  readonly key: string
  readonly part: number | undefined
  /** Number of earlier requests of this operation. */
  readonly before: number
}

export type Operation =
  | 'list'
  | 'list-uploads'
  | 'put'
  | 'get'
  | 'head'
  | 'delete'
  | 'create-upload'
  | 'upload-part'
  | 'complete-upload'
  | 'abort-upload'

export type Fault =
  /** An error of S3. `carriedOut`: although the request was carried out. */
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly code: string
      readonly carriedOut?: boolean
    }
  /** Status 200 with an error as the body. */
  | { readonly kind: 'error-inside'; readonly ending?: string }
  /** The connection is cut after this many bytes of the request. */
  | { readonly kind: 'cut-request'; readonly bytes: number }
  /** The connection is cut after this many bytes of the response, whose headers promise the whole body. */
  | { readonly kind: 'cut-answer'; readonly bytes: number }
  /** A truncated response whose headers match the shorter length. */
  | { readonly kind: 'short-answer'; readonly bytes: number }
  /** The request is carried out, but its response is lost. */
  | { readonly kind: 'lost-answer' }
  /** Status 200, but nothing was done. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'silent' }
  /** One bit of the request changes in transit. */
  | { readonly kind: 'damage' }

export interface StoredObject {
  readonly body: Buffer
  readonly etag: string
  readonly headers: Readonly<Record<string, string>>
}

interface MultipartUpload {
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
  initiated: Date
  readonly parts: Map<number, Buffer>
}

export interface S3ServerOptions {
  readonly bucket?: string
  readonly pageSize?: number
  /** Whether If-None-Match is supported; otherwise the response is 501. */
  readonly conditions?: boolean
  /** Whether Range is supported; otherwise the response is the whole object. */
  readonly ranges?: boolean
}

interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

interface Call {
  readonly request: S3Request
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

const MIN_PART = 5 << 20

export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const { bucket = 'backups' } = options
  const counts = new Map<Operation, number>()
  const http = createServer((incoming, response) => {
    void serve(incoming, response)
  })
  const serve = async (incoming: IncomingMessage, response: ServerResponse) => {
    const url = new URL(incoming.url ?? '/', 'http://store')
    const [, name = '', ...rest] = decodeURIComponent(url.pathname).split('/')
    const query = url.searchParams
    const operation = operationOf(incoming.method ?? '', rest.join('/'), query)
    const before = counts.get(operation) ?? 0
    counts.set(operation, before + 1)
    const part = query.has('partNumber') ? Number(query.get('partNumber')) : undefined
    const request = { operation, key: rest.join('/'), part, before }
    store.requests.push(`${operation} ${request.key}`)
    const fault = store.fault(request)
    const body = await received(incoming, fault)
    if (!body || fault?.kind === 'silent') return
    const call = { request, query, headers: incoming.headers, body }
    const works = fault?.kind !== 'ignored' && (fault?.kind !== 'answer' || fault.carriedOut)
    const inside = fault?.kind === 'error-inside'
    const real =
      name !== bucket
        ? failed(404, 'NoSuchBucket')
        : works && !inside
          ? handle(store, call, options)
          : { status: 200 }
    await answer(response, { real, fault, isHead: operation === 'head' })
  }
  const store: S3Server = {
    url: '',
    objects: new Map(),
    uploads: new Map(),
    requests: [],
    fault: () => undefined,
    hidden: () => false,
    stop: async () => {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return Object.assign(store, { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` })
}

function operationOf(method: string, key: string, query: URLSearchParams): Operation {
  if (key === '') return query.has('uploads') ? 'list-uploads' : 'list'
  if (method === 'POST') return query.has('uploads') ? 'create-upload' : 'complete-upload'
  if (method === 'PUT') return query.has('uploadId') ? 'upload-part' : 'put'
  if (method === 'DELETE') return query.has('uploadId') ? 'abort-upload' : 'delete'
  return method === 'HEAD' ? 'head' : 'get'
}

/** The body of a request; undefined if its connection was cut. */
async function received(
  incoming: IncomingMessage,
  fault: Fault | undefined,
): Promise<Buffer | undefined> {
  const { socket } = incoming
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      bytes += chunk.length
      if (fault?.kind === 'cut-request' && bytes >= fault.bytes) break
    }
  } catch {
    return undefined
  }
  if (fault?.kind === 'cut-request') return void socket.destroy()
  const body = Buffer.concat(chunks)
  if (fault?.kind === 'damage') body[body.length >> 1]! ^= 1
  return body
}

async function answer(
  response: ServerResponse,
  { real, fault, isHead }: { real: Answer; fault: Fault | undefined; isHead: boolean },
): Promise<void> {
  const { status, headers, body = '' } = changed(real, fault)
  if (fault?.kind === 'lost-answer') return void response.socket?.destroy()
  const bytes = Buffer.from(body)
  const length = isHead ? {} : { 'content-length': String(bytes.length) }
  response.writeHead(status, { ...length, ...headers })
  if (isHead) return void response.end()
  if (fault?.kind !== 'cut-answer') return void response.end(bytes)
  await new Promise((resolve) => response.write(bytes.subarray(0, fault.bytes), resolve))
  response.socket?.destroy()
}

function changed(real: Answer, fault: Fault | undefined): Answer {
  switch (fault?.kind) {
    case 'answer':
      return failed(fault.status, fault.code)
    case 'error-inside':
      return {
        status: 200,
        body: `${String(failed(200, 'InternalError').body)}${fault.ending ?? ''}`,
      }
    case 'ignored':
      return {
        status: 200,
        headers: { etag: '"0"' },
        body: '<CompleteMultipartUploadResult><ETag>"0"</ETag></CompleteMultipartUploadResult>',
      }
    case 'short-answer':
      return { ...real, body: Buffer.from(real.body ?? '').subarray(0, fault.bytes) }
    default:
      return real
  }
}

function failed(status: number, code: string): Answer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>no</Message></Error>`
  return { status, headers: { 'content-type': 'application/xml' }, body }
}

function handle(store: S3Server, call: Call, options: S3ServerOptions): Answer {
  const wrong = checksumError(call)
  if (wrong) return wrong
  const { request, query, headers, body } = call
  const { key } = request
  const upload = store.uploads.get(query.get('uploadId') ?? '')
  switch (request.operation) {
    case 'list':
      return list(store, query, options.pageSize ?? 1000)
    case 'list-uploads':
      return listUploads(store, query)
    case 'put':
      return condition(store, call, options) ?? put(store, key, body, stored(headers))
    case 'get':
      return get(
        store.objects.get(key),
        options.ranges === false ? { ...headers, range: undefined } : headers,
      )
    case 'head': {
      const found = store.objects.get(key)
      return found
        ? {
            status: 200,
            headers: {
              ...found.headers,
              etag: found.etag,
              'content-length': String(found.body.length),
            },
          }
        : { status: 404 }
    }
    case 'delete':
      store.objects.delete(key)
      return { status: 204 }
    case 'create-upload': {
      const id = randomUUID()
      store.uploads.set(id, {
        key,
        headers: stored(headers),
        initiated: new Date(),
        parts: new Map(),
      })
      return xml(
        `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
      )
    }
    case 'upload-part':
      if (!upload) return failed(404, 'NoSuchUpload')
      upload.parts.set(request.part ?? 0, body)
      return { status: 200, headers: { etag: etagOf(body), ...checksumOf(headers) } }
    case 'complete-upload':
      return upload ? complete(store, call, upload, options) : failed(404, 'NoSuchUpload')
    case 'abort-upload':
      return store.uploads.delete(query.get('uploadId') ?? '')
        ? { status: 204 }
        : failed(404, 'NoSuchUpload')
  }
}

function checksumError({ headers, body }: Call): Answer | undefined {
  const sha = headers['x-amz-content-sha256']
  if (
    typeof sha === 'string' &&
    /^[\da-f]{64}$/.test(sha) &&
    sha !== createHash('sha256').update(body).digest('hex')
  ) {
    return failed(400, 'XAmzContentSHA256Mismatch')
  }
  if (headers['content-encoding']?.includes('aws-chunked')) return failed(501, 'NotImplemented')
  const sum = headers['x-amz-checksum-crc32']
  return sum !== undefined && sum !== crc32Of(body) ? failed(400, 'BadDigest') : undefined
}

function crc32Of(body: Buffer): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(body))
  return bytes.toString('base64')
}

function checksumOf(headers: IncomingMessage['headers']): Record<string, string> {
  const sum = headers['x-amz-checksum-crc32']
  return typeof sum === 'string' ? { 'x-amz-checksum-crc32': sum } : {}
}

/** The headers of a write that are stored. */
function stored(headers: IncomingMessage['headers']): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => /^x-amz-(?:meta-|server-side)/.test(name))
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]))
}

function condition(
  store: S3Server,
  { request, headers }: Call,
  options: S3ServerOptions,
): Answer | undefined {
  if (headers['if-none-match'] === undefined) return undefined
  if (options.conditions === false) return failed(501, 'NotImplemented')
  return store.objects.has(request.key) ? failed(412, 'PreconditionFailed') : undefined
}

function put(store: S3Server, key: string, body: Buffer, headers: Record<string, string>): Answer {
  store.objects.set(key, { body, etag: etagOf(body), headers })
  return { status: 200, headers: { etag: etagOf(body) } }
}

function get(found: StoredObject | undefined, headers: IncomingMessage['headers']): Answer {
  if (!found) return failed(404, 'NoSuchKey')
  if (headers['if-match'] !== undefined && headers['if-match'] !== found.etag)
    return failed(412, 'PreconditionFailed')
  const [, from] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? []
  if (from === undefined) return { status: 200, headers: { etag: found.etag }, body: found.body }
  const end = found.body.length
  return {
    status: 206,
    headers: { etag: found.etag, 'content-range': `bytes ${from}-${end - 1}/${end}` },
    body: found.body.subarray(Number(from)),
  }
}

function complete(
  store: S3Server,
  call: Call,
  upload: MultipartUpload,
  options: S3ServerOptions,
): Answer {
  const refused = condition(store, call, options)
  if (refused) return refused
  const numbers = [...call.body.toString().matchAll(/<PartNumber>(\d+)</g)].map(([, n]) =>
    Number(n),
  )
  const parts = numbers.map((number) => upload.parts.get(number))
  if (parts.includes(undefined) || parts.length === 0) return failed(400, 'InvalidPart')
  const bodies = parts as Buffer[]
  if (bodies.slice(0, -1).some(({ length }) => length < MIN_PART))
    return failed(400, 'EntityTooSmall')
  put(store, upload.key, Buffer.concat(bodies), { ...upload.headers })
  store.uploads.delete(call.query.get('uploadId') ?? '')
  const { etag } = store.objects.get(upload.key)!
  return xml(`<CompleteMultipartUploadResult><ETag>${etag}</ETag></CompleteMultipartUploadResult>`)
}

function list(store: S3Server, query: URLSearchParams, pageSize: number): Answer {
  const prefix = query.get('prefix') ?? ''
  const after = query.get('continuation-token') ?? ''
  const keys = [...store.objects.keys()]
    .filter((key) => key.startsWith(prefix) && key > after && !store.hidden(key))
    .toSorted((a, b) => (a < b ? -1 : 1))
  const page = keys.slice(0, pageSize)
  const next = keys.length > pageSize ? page.at(-1) : undefined
  const contents = page.map((key) => {
    const { body, etag } = store.objects.get(key)!
    return `<Contents><Key>${escaped(key)}</Key><ETag>${etag}</ETag><Size>${body.length}</Size><LastModified>2026-11-29T15:00:00.000Z</LastModified></Contents>`
  })
  const token =
    next === undefined ? '' : `<NextContinuationToken>${escaped(next)}</NextContinuationToken>`
  const head = `<KeyCount>${page.length}</KeyCount><IsTruncated>${next !== undefined}</IsTruncated>${token}`
  return xml(`<ListBucketResult>${head}${contents.join('')}</ListBucketResult>`)
}

/** Lists multipart uploads, two on a page. */
function listUploads(store: S3Server, query: URLSearchParams): Answer {
  const prefix = query.get('prefix') ?? ''
  const after = query.get('upload-id-marker') ?? ''
  const all = [...store.uploads]
    .filter(([id, { key }]) => key.startsWith(prefix) && id > after)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  const page = all.slice(0, 2)
  const last = page.at(-1)
  const uploads = page.map(
    ([id, { key, initiated }]) =>
      `<Upload><Key>${escaped(key)}</Key><UploadId>${id}</UploadId><Initiated>${initiated.toISOString()}</Initiated></Upload>`,
  )
  const more = all.length > 2 && last
  const next = more
    ? `<NextKeyMarker>${escaped(last[1].key)}</NextKeyMarker><NextUploadIdMarker>${last[0]}</NextUploadIdMarker>`
    : ''
  return xml(
    `<ListMultipartUploadsResult><IsTruncated>${all.length > 2}</IsTruncated>${next}${uploads.join('')}</ListMultipartUploadsResult>`,
  )
}

function xml(body: string): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
  }
}

function etagOf(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
