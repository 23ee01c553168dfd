import { setTimeout as sleep } from 'node:timers/promises'
import { redact } from '../kernel/index.ts'

/**
 * Where to report the results of backups. The URLs usually contain secrets, so only their host is ever shown.
 */
export interface NotifyOptions {
  /** Gets a POST when a backup fails, and when one succeeds after a failure. */
  readonly webhook?: {
    readonly url: string
    /**
     * `json` (if absent): a `BackupNotice`. `slack`: `{ "text": … }`, as Slack, Mattermost and others read
     * it.
     */
    readonly format?: 'json' | 'slack'
  }
  /**
   * A dead man's switch: a monitor that is called on each success and raises an alarm if no call comes. A
   * failure is reported to the same URL with `/fail` appended to the path, as healthchecks.io expects.
   */
  readonly heartbeat?: {
    readonly url: string
    /** `GET` if absent. A `POST` has the text of the notice as its body. */
    readonly method?: 'GET' | 'POST'
  }
}

/** The outcome of a backup. */
export interface BackupOutcome {
  readonly outcome: 'ok' | 'failed'
  /** The outcome of the previous backup; undefined if there was none, or if it is unknown. */
  readonly previous: 'ok' | 'failed' | undefined
  readonly environment: string
  /** The ID of the new backup. */
  readonly id?: string
  /** The code of the failure. */
  readonly code?: string
  readonly message?: string
}

/** The body of a generic webhook. */
export interface BackupNotice {
  readonly event: 'backup.failed' | 'backup.recovered'
  readonly environment: string
  readonly text: string
  readonly id?: string
  readonly code?: string
}

/**
 * The time limit for all attempts together, their number, and the pause between them; times in milliseconds.
 */
interface Patience {
  readonly deadlineMs?: number
  readonly attempts?: number
  readonly pauseMs?: number
}

/**
 * Sends the notices for an outcome. Never throws, so that the backup still counts: returns a warning per
 * failed delivery.
 */
export async function notify(
  outcome: BackupOutcome,
  { webhook, heartbeat }: NotifyOptions,
  patience: Patience = {},
): Promise<readonly string[]> {
  const notice = noticeOf(outcome)
  const text = notice?.text ?? `Backup ${outcome.id ?? ''} of ${outcome.environment} was made.`
  const sent: Promise<string | undefined>[] = []
  if (webhook && notice) {
    const body = webhook.format === 'slack' ? { text: slackText(text) } : notice
    sent.push(deliver('webhook', webhook.url, { ...patience, ...postOf(body) }))
  }
  if (heartbeat) {
    const url = outcome.outcome === 'ok' ? heartbeat.url : failUrl(heartbeat.url)
    const body = heartbeat.method === 'POST' ? { method: 'POST', body: text } : {}
    sent.push(deliver('heartbeat', url, { ...patience, ...body }))
  }
  return (await Promise.all(sent)).filter((warning) => warning !== undefined)
}

/**
 * The notice of an outcome; undefined for a success after a success, because nightly messages would be
 * ignored.
 */
function noticeOf(outcome: BackupOutcome): BackupNotice | undefined {
  const { environment, id, code, previous } = outcome
  const common = { environment, ...(id === undefined ? {} : { id }) }
  if (outcome.outcome === 'failed') {
    const why = [code, outcome.message].filter(Boolean).join(': ')
    const text = redact(`The backup of ${environment} failed${why ? `: ${why}` : '.'}`)
    return { event: 'backup.failed', ...common, text, ...(code === undefined ? {} : { code }) }
  }
  if (previous !== 'failed') return undefined
  const text = `The backup of ${environment} succeeded again: ${id ?? ''}`
  return { event: 'backup.recovered', ...common, text }
}

/** Escapes the three characters with a special meaning in Slack messages. */
function slackText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function postOf(body: unknown): Request {
  const headers = { 'content-type': 'application/json' }
  return { method: 'POST', headers, body: JSON.stringify(body) }
}

function failUrl(text: string): string {
  if (!URL.canParse(text)) return text
  const url = new URL(text)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/fail`
  return url.href
}

interface Request {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/**
 * Sends one message, with retries if the network or the receiver fails. Returns a warning if it was not
 * delivered.
 */
async function deliver(
  what: 'webhook' | 'heartbeat',
  text: string,
  { deadlineMs = 15_000, attempts = 3, pauseMs = 500, ...request }: Request & Patience,
): Promise<string | undefined> {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol))
    return `The ${what} was not sent: its URL is invalid.`
  const signal = AbortSignal.timeout(deadlineMs)
  let problem = ''
  for (let attempt = 0; attempt < attempts && !signal.aborted; attempt += 1) {
    const result = await send(url, request, signal)
    if (result === undefined) return undefined
    problem = result.problem
    if (!result.passes || attempt + 1 === attempts) break
    await sleep(pauseMs * 2 ** attempt, undefined, { signal }).catch(() => {})
  }
  return `The ${what} at ${url.host} was not delivered: ${problem}.`
}

interface Undelivered {
  readonly problem: string
  /** Whether another attempt can succeed. */
  readonly passes: boolean
}

/** Sends once. Does not follow redirects: a POST would become a GET without a body, and seem to succeed. */
async function send(
  url: URL,
  request: Request,
  signal: AbortSignal,
): Promise<Undelivered | undefined> {
  try {
    const { ok, status, body } = await fetch(withoutUser(url), {
      ...request,
      headers: { ...authorization(url), ...request.headers },
      redirect: 'manual',
      signal,
    })
    await body?.cancel()
    if (ok) return undefined
    const isRedirect = status >= 300 && status < 400
    const advice = isRedirect
      ? ', a redirect, which Slipway does not follow: configure the final URL'
      : ''
    return { problem: `it answered ${status}${advice}`, passes: status >= 500 || status === 429 }
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException
    const problem = signal.aborted ? 'it did not answer in time' : (code ?? 'the connection failed')
    return { problem, passes: true }
  }
}

/** Removes the user name, which some monitors use, because `fetch` rejects URLs with one. */
function withoutUser(url: URL): URL {
  const plain = new URL(url)
  plain.username = ''
  plain.password = ''
  return plain
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {}
  const pair = [username, password].map((part) => decodeURIComponent(part)).join(':')
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}
