import { setTimeout as sleep } from 'node:timers/promises'
import { advice, formatDuration } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import type { RemoteD1, SessionOptions } from '../port.ts'
import { attemptCall, type Attempt, type D1Request } from './attempt.ts'
import { isBusy, isTransient, raiseRefused } from './refusals.ts'

/** The REST API of one D1 database, with the retries that its rate limit and the network require. */
export interface D1Api {
  readonly address: RemoteD1
  /** A call that changes nothing: it is repeated until it is answered or time runs out. */
  read<T>(request: D1Request): Promise<T>
  /**
   * A call that may change the database. It is repeated only if it was certainly not carried out; fails
   * with DATABASE.OUTCOME_UNKNOWN if that is unknown.
   */
  write<T>(request: D1Request): Promise<T>
  /** The deadline of a call that begins now, in ms since 1970. */
  deadline(): number
  /** Waits before the next try, longer each time. */
  pause(tries: number): Promise<void>
  /** Aborted as soon as the session is destroyed. */
  readonly signal: AbortSignal
  /** Ends the call that is running. */
  abort(): void
}

/** How long a call is retried, in ms, unless the address has another limit. */
const PATIENCE_MS = 60_000
/** How long calls to a server that accepts no connection are retried, in ms. */
const CONNECT_MS = 10_000
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 8000
/** Waits of at least this time are announced, in ms. */
const NOTICE_FROM_MS = 2000

/** Fails with DATABASE.UNREACHABLE, .AUTHENTICATION, .RATE_LIMITED, .NOT_FOUND, .LOCKED and .STATEMENT. */
export function d1Api(address: RemoteD1, options: SessionOptions = {}): D1Api {
  checkToken(address)
  const ending = new AbortController()
  const { patienceMs = PATIENCE_MS } = address
  const pause = async (tries: number, atLeastMs = 0) => {
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS)
    const ms = Math.max(atLeastMs, longest * (0.5 + Math.random() / 2))
    if (ms >= NOTICE_FROM_MS)
      options.onNotice?.(`Retrying the Cloudflare call in ${formatDuration(Math.round(ms))}.`)
    // After an aborted wait, the next try is refused.
    await sleep(ms, undefined, { signal: ending.signal }).catch(() => {})
  }
  const call = async (request: D1Request, isRead: boolean) => {
    const started = Date.now()
    for (let tries = 0; ; tries++) {
      const limit = Math.max(1, started + patienceMs - Date.now())
      const attempt = await attemptCall(address, request, { limit, ending: ending.signal })
      if (attempt.kind === 'answer') return attempt.result
      const waits = waitFor(attempt, isRead)
      if (waits === undefined) return end(address, attempt, isRead)
      const { connectTimeoutMs = CONNECT_MS } = options
      const until =
        started + (attempt.kind === 'unsent' ? Math.min(connectTimeoutMs, patienceMs) : patienceMs)
      if (ending.signal.aborted || Date.now() + waits >= until) return end(address, attempt, isRead)
      await pause(tries, waits)
    }
  }
  return {
    address,
    read: async <T>(request: D1Request) => (await call(request, true)) as T,
    write: async <T>(request: D1Request) => (await call(request, false)) as T,
    deadline: () => Date.now() + patienceMs,
    pause: (tries) => pause(tries),
    signal: ending.signal,
    abort: () => ending.abort(),
  }
}

/** Checked first, because the error of `fetch` quotes a header that it cannot send. */
function checkToken({ token, d1: { name } }: RemoteD1): void {
  if (/^[\x21-\x7e]+$/.test(token.reveal())) return
  raise('DATABASE.AUTHENTICATION', {
    message: `The token for the D1 database ${name} is not a Cloudflare token.`,
    why: 'It is empty, or contains spaces or other characters that a token cannot contain.',
    nextActions: [advice('Set CLOUDFLARE_API_TOKEN to an API token with the permission D1:Edit.')],
  })
}

/** How long to wait at least before the next try, in ms; undefined if there must be none. */
function waitFor(
  attempt: Exclude<Attempt, { kind: 'answer' }>,
  isRead: boolean,
): number | undefined {
  switch (attempt.kind) {
    case 'limited':
      return attempt.waitMs
    case 'unsent':
      return 0
    case 'lost':
      return isRead ? 0 : undefined
    case 'refused':
      if (isBusy(attempt.message)) return 0
      return isRead && isTransient(attempt.message) ? 0 : undefined
  }
}

/** Raises the failure of a call that is not retried. */
function end(
  address: RemoteD1,
  attempt: Exclude<Attempt, { kind: 'answer' }>,
  isRead: boolean,
): never {
  const { name } = address.d1
  switch (attempt.kind) {
    case 'limited':
      raise('DATABASE.RATE_LIMITED', {
        message: `Cannot reach the D1 database ${name}: the rate limit of Cloudflare was reached.`,
        why: `Cloudflare asks to wait ${formatDuration(attempt.waitMs)}. It allows 1,200 calls per user in 5 minutes, across all programs.`,
      })
    case 'unsent':
      raise('DATABASE.UNREACHABLE', {
        message: `Cannot reach the D1 database ${name}.`,
        why: `${new URL(address.apiUrl).host} does not accept connections: ${attempt.why}.`,
        cause: attempt.cause,
      })
    case 'lost':
      if (isRead)
        raise('DATABASE.UNREACHABLE', {
          message: `The D1 database ${name} does not answer.`,
          why: `The last call ended without a response: ${attempt.why}.`,
          cause: attempt.cause,
        })
      return raiseUnknown(address, attempt.why, attempt.cause)
    case 'refused':
      if (!isRead && isTransient(attempt.message)) return raiseUnknown(address, attempt.message)
      return raiseRefused(address, attempt)
  }
}

/** Raises DATABASE.OUTCOME_UNKNOWN: only the database shows whether a change was made. */
export function raiseUnknown({ d1: { name } }: RemoteD1, why: string, cause?: unknown): never {
  raise('DATABASE.OUTCOME_UNKNOWN', {
    message: `The response of the D1 database ${name} was lost: the statements may or may not have run.`,
    why: `The call ended without a response: ${why}.`,
    cause,
  })
}
