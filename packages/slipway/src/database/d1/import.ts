import { createHash, randomUUID } from 'node:crypto'
import { attempt, failureOf } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import { type D1Api, raiseUnknown } from './api.ts'
import { isBusy, raiseRefused, type Refusal, sqliteErrorIn } from './refusals.ts'

/**
 * The answer to each step of an import. Source: developers.cloudflare.com/api, D1, "Import SQL into your
 * D1 Database".
 */
interface ImportAnswer {
  readonly success?: boolean
  readonly status?: 'active' | 'complete' | 'error'
  readonly upload_url?: string
  readonly filename?: string
  readonly at_bookmark?: string
  readonly error?: string
  readonly errors?: readonly string[]
}

/** The largest file that R2 accepts, in bytes. */
const MAX_FILE_BYTES = 5 * 2 ** 30

/**
 * Runs a script as one import: all of it, or nothing. Fails with DATABASE.STATEMENT if it was refused and
 * undone, and with DATABASE.OUTCOME_UNKNOWN if the answer was lost. When that is raised, the API reports
 * no running import.
 */
export async function importScript(api: D1Api, script: string): Promise<void> {
  const until = api.deadline()
  for (let tries = 0; ; tries++) {
    // The first call would begin the import if the same file was uploaded before: the comment makes each
    // file different.
    const file = Buffer.from(`-- Slipway ${randomUUID()}\n${script}`)
    checkSize(api, file)
    const etag = createHash('md5').update(file).digest('hex')
    const { filename, upload_url } = await begin(api, etag, until)
    await upload(api, upload_url, { file, etag, until })
    const first = await ingest(api, { filename, etag, until })
    if (first !== 'file-missing') return await follow(api, first)
    if (Date.now() > until) return raiseUpload(api, 'D1 does not find the uploaded file')
    await api.pause(tries)
  }
}

function checkSize({ address }: D1Api, file: Buffer): void {
  if (file.length <= MAX_FILE_BYTES) return
  raise('DATABASE.STATEMENT', {
    message: `The script is too large for the D1 database ${address.d1.name}.`,
    why: `A D1 import can be at most 5 GB.`,
  })
}

async function post(api: D1Api, effect: 'read' | 'write', body: unknown): Promise<ImportAnswer> {
  return await api[effect]<ImportAnswer>({ method: 'POST', path: '/import', body })
}

/** Requests a URL to upload the file to. Waits while another import runs. */
async function begin(
  api: D1Api,
  etag: string,
  until: number,
): Promise<Required<Pick<ImportAnswer, 'filename' | 'upload_url'>>> {
  for (let tries = 0; ; tries++) {
    const answer = await post(api, 'read', { action: 'init', etag })
    const { filename, upload_url } = answer
    if (filename !== undefined && upload_url !== undefined) return { filename, upload_url }
    const message = messageOf(answer)
    if (!isBusy(message) || Date.now() > until)
      return raiseRefused(api.address, { ...refusal(message), rowless: true })
    await api.pause(tries)
  }
}

interface Upload {
  readonly file: Buffer
  readonly etag: string
  readonly until: number
}

/** The database does not know the file yet, so it can be sent again. The URL is a secret: it is signed. */
async function upload(api: D1Api, url: string, { file, etag, until }: Upload): Promise<void> {
  for (let tries = 0; ; tries++) {
    const why = await put(url, { file, etag, ending: api.signal })
    if (why === undefined) return
    if (api.signal.aborted || Date.now() > until) return raiseUpload(api, why)
    await api.pause(tries)
  }
}

interface Sent {
  readonly file: Buffer
  readonly etag: string
  readonly ending: AbortSignal
}

/** The slowest acceptable upload, in bytes per ms; and how long the smallest one may take, in ms. */
const SLOWEST_UPLOAD = 100
const UPLOAD_MS = 35_000

/** Why the file did not arrive; undefined if it did. */
async function put(url: string, { file, etag, ending }: Sent): Promise<string | undefined> {
  const timeout = AbortSignal.timeout(UPLOAD_MS + Math.ceil(file.length / SLOWEST_UPLOAD))
  const signal = AbortSignal.any([ending, timeout])
  try {
    const answer = await fetch(url, { method: 'PUT', body: new Uint8Array(file), signal })
    await answer.body?.cancel()
    if (!answer.ok) return `the upload was answered with ${answer.status}`
    const received = answer.headers.get('etag')?.replaceAll('"', '')
    return received === etag ? undefined : 'the uploaded file differs from the original'
  } catch {
    return 'the connection was lost'
  }
}

function raiseUpload({ address }: D1Api, why: string): never {
  raise('DATABASE.UNREACHABLE', {
    message: `Cannot upload a script for the D1 database ${address.d1.name}.`,
    why: `Nothing was changed: ${why}.`,
  })
}

/** Begins the import. The call is sent once. */
async function ingest(
  api: D1Api,
  { filename, etag, until }: { filename: string; etag: string; until: number },
): Promise<ImportAnswer | 'file-missing'> {
  for (let tries = 0; ; tries++) {
    const body = { action: 'ingest', filename, etag }
    const answer = await post(api, 'write', body).catch((error: unknown) => awaitEnd(api, error))
    const message = messageOf(answer)
    // Both mean that this import did not begin.
    if (/missing or invalid/.test(message)) return 'file-missing'
    if (!isBusy(message)) return answer
    if (Date.now() > until) return raiseRefused(api.address, refusal(message))
    await api.pause(tries)
  }
}

/**
 * After a lost answer: keeps an import that may run alive by polling it, and ends when none runs. The
 * polled import may be another program's, so its end proves nothing, and the failure is raised again.
 */
async function awaitEnd(api: D1Api, lost: unknown): Promise<never> {
  if (failureOf(lost)?.code !== 'DATABASE.OUTCOME_UNKNOWN') throw lost
  await attempt(async () => {
    const path = '/time_travel/bookmark'
    const { bookmark } = await api.read<{ readonly bookmark: string }>({ method: 'GET', path })
    await attempt(() => follow(api, { status: 'active', at_bookmark: bookmark }))
    // Waits as long as an import runs.
    await api.read({ method: 'POST', path: '/query', body: { sql: 'SELECT 1' } })
  })
  throw lost
}

/** Polls an import until it ends. */
async function follow(api: D1Api, first: ImportAnswer): Promise<void> {
  let answer = first
  let bookmark = first.at_bookmark
  for (;;) {
    const message = messageOf(answer)
    if (answer.status === 'complete') return
    if (answer.status !== 'active' && !isBusy(message)) return raiseEnded(api, message)
    bookmark = answer.at_bookmark ?? bookmark
    await api.pause(0)
    const body = { action: 'poll', current_bookmark: bookmark }
    answer = await post(api, 'read', body).catch((error: unknown) =>
      raiseUnknown(api.address, failureOf(error)?.message ?? 'the connection was lost', error),
    )
  }
}

/**
 * A SQLite error means that the import was undone. With any other message, the outcome is unknown: "Not
 * currently importing anything" is the answer after a success and after a failure.
 */
function raiseEnded({ address }: D1Api, message: string): never {
  if (sqliteErrorIn(message)) return raiseRefused(address, refusal(message))
  return raiseUnknown(address, message === '' ? 'the import reports no state' : message)
}

function messageOf({ error, errors = [] }: ImportAnswer): string {
  return error ?? errors[0] ?? ''
}

function refusal(message: string): Refusal {
  return { status: 200, code: 0, message }
}
