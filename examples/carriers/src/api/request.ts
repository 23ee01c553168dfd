import type { CarrierDetails } from '../schemas.ts'
import { HttpProblem } from './problem.ts'

const BODY_LIMIT = 64 * 1024

/** The text of a JSON body of at most 64 KiB. */
export async function readBody(request: Request): Promise<string> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') {
    throw new HttpProblem(415, 'The body must be application/json.')
  }
  const chunks: Uint8Array[] = []
  let size = 0
  // Counted while it is received, because a Content-Length can be absent or wrong.
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > BODY_LIMIT)
      throw new HttpProblem(413, `The body is larger than ${BODY_LIMIT} bytes.`)
    chunks.push(chunk)
  }
  return decode(Buffer.concat(chunks))
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new HttpProblem(400, 'The body is not UTF-8.')
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new HttpProblem(400, 'The body is not JSON.')
  }
}

/** Query parameters as an object. A parameter that is given twice is ambiguous, and refused. */
export function readQuery(request: Request): Record<string, string> {
  const { searchParams } = new URL(request.url)
  for (const name of searchParams.keys()) {
    if (searchParams.getAll(name).length > 1) {
      const errors = [{ field: name, message: 'Given more than once.' }]
      throw new HttpProblem(400, 'A parameter is given more than once.', { errors })
    }
  }
  // An empty field of a GET form does not filter.
  return Object.fromEntries([...searchParams].filter(([, value]) => value !== ''))
}

export function etagOf({ version }: { readonly version: number }): string {
  return `"${version}"`
}

/** The version on which a change is based, from `If-Match`; undefined for `*`, which any version matches. */
export function requireVersion(request: Request): number | undefined {
  const header = request.headers.get('if-match')
  if (header === null) {
    throw new HttpProblem(428, 'Send If-Match with the ETag of the carrier that you have read.')
  }
  if (header.trim() === '*') return undefined
  const version = /^"(\d{1,9})"$/.exec(header)?.[1]
  // A tag that we never issued matches no version.
  if (version === undefined) throw staleVersion()
  return Number(version)
}

/** Responds with the changed carrier, or with 412 if it had a different version. */
export function respondWithChanged(carrier: CarrierDetails | undefined): Response {
  if (!carrier) throw staleVersion()
  return Response.json(carrier, { headers: { etag: etagOf(carrier), 'cache-control': 'no-store' } })
}

export function staleVersion(): HttpProblem {
  return new HttpProblem(412, 'The carrier was changed after you read it. Read it again.')
}
