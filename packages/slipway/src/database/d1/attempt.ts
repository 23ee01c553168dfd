import type { RemoteD1 } from '../port.ts'

/** A call to the API. */
export interface D1Request {
  readonly method: 'GET' | 'POST'
  /** The path below the database, such as `/query`; empty for the database itself. */
  readonly path: string
  readonly body?: unknown
}

/** The outcome of one call. */
export type Attempt =
  | { readonly kind: 'answer'; readonly result: unknown }
  /** The API refused it. */
  | {
      readonly kind: 'refused'
      readonly status: number
      readonly code: number
      readonly message: string
      /** It is not an answer of the API, but a page of a proxy or a firewall. */
      readonly isPage?: true
    }
  /** Too many calls: it was not carried out. */
  | { readonly kind: 'limited'; readonly waitMs: number }
  /** It never reached the API. */
  | { readonly kind: 'unsent'; readonly why: string; readonly cause: unknown }
  /** It is unknown whether it was carried out. */
  | { readonly kind: 'lost'; readonly why: string; readonly cause?: unknown }

/** How long one call may take, in ms: Cloudflare itself ends it after 30 s. */
const CALL_MS = 35_000

/** Makes one call, without retries. */
export async function attemptCall(
  address: RemoteD1,
  request: D1Request,
  { limit, ending }: { readonly limit: number; readonly ending: AbortSignal },
): Promise<Attempt> {
  const { accountId, databaseId, apiUrl, token } = address
  const url = `${apiUrl}/accounts/${accountId}/d1/database/${databaseId}${request.path}`
  if (ending.aborted) return { kind: 'unsent', why: 'the session has ended', cause: ending.reason }
  const signal = AbortSignal.any([ending, AbortSignal.timeout(Math.min(limit, CALL_MS))])
  let answer: Response
  let text: string
  try {
    answer = await fetch(url, {
      method: request.method,
      signal,
      headers: { authorization: `Bearer ${token.reveal()}`, 'content-type': 'application/json' },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    })
    text = await answer.text()
  } catch (error) {
    return brokenBy(error, signal)
  }
  return attemptOf(answer, text)
}

/** The cause of an error of `fetch`, as Node's network functions raise it. */
interface NetworkError {
  readonly code?: string
  readonly syscall?: string
  readonly message?: string
  /** One for each address of a host. */
  readonly errors?: readonly NetworkError[]
}

/** What an error of `fetch` means. */
function brokenBy(error: unknown, signal: AbortSignal): Attempt {
  if (signal.aborted) return { kind: 'lost', why: 'it took too long', cause: error }
  const { cause = {} } = error as { readonly cause?: NetworkError }
  const { code = '', syscall, message = '' } = cause.errors?.[0] ?? cause
  const unsent =
    syscall === 'connect' ||
    syscall === 'getaddrinfo' ||
    /CONNECT_TIMEOUT$|CERT|TLS|INVALID_URL/.test(code)
  if (unsent) return { kind: 'unsent', why: message === '' ? code : message, cause: error }
  return { kind: 'lost', why: 'the connection was lost', cause: error }
}

interface Envelope {
  readonly success?: boolean
  readonly result?: unknown
  readonly errors?: readonly { readonly code?: number; readonly message?: string }[] | null
}

function attemptOf(answer: Response, text: string): Attempt {
  const { status } = answer
  if (status === 429) return { kind: 'limited', waitMs: retryAfter(answer) }
  const envelope = envelopeOf(text)
  const { code = 0, message: reason = '' } = envelope?.errors?.[0] ?? {}
  // Cloudflare also uses this status for the error of a statement.
  if (status >= 500 && !/SQLITE_[A-Z]/.test(reason))
    return { kind: 'lost', why: `${status}${reason === '' ? '' : `, ${reason}`}` }
  if (envelope?.success === true && answer.ok) return { kind: 'answer', result: envelope.result }
  if (envelope) return { kind: 'refused', status, code, message: reason }
  // A page of a proxy or a firewall, or an incomplete answer.
  if (answer.ok) return { kind: 'lost', why: 'the response is not an API response' }
  const message = `the response ${status} is not an API response`
  return { kind: 'refused', status, code, message, isPage: true }
}

function envelopeOf(text: string): Envelope | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    const isEnvelope = typeof parsed === 'object' && parsed !== null && 'success' in parsed
    return isEnvelope ? (parsed as Envelope) : undefined
  } catch {
    return undefined
  }
}

/** The time in the header Retry-After, converted to ms: it is a number of seconds, or a date. */
function retryAfter(answer: Response): number {
  const header = answer.headers.get('retry-after') ?? ''
  if (/^\d+$/.test(header)) return Number(header) * 1000
  const time = Date.parse(header)
  return Number.isNaN(time) ? 1000 : Math.max(0, time - Date.now())
}
