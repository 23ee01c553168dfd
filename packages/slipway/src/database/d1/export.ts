import { raise } from '../failures.ts'
import type { RemoteD1, SessionOptions } from '../port.ts'
import { type D1Api, d1Api } from './api.ts'
import { raiseRefused } from './refusals.ts'

/** What an export has; everything if absent. */
export interface D1ExportOptions extends SessionOptions {
  readonly tables?: readonly string[]
  readonly withoutSchema?: boolean
  readonly withoutData?: boolean
}

interface ExportAnswer {
  readonly success?: boolean
  readonly status?: 'active' | 'complete' | 'error'
  readonly at_bookmark?: string
  readonly error?: string
  readonly result?: { readonly signed_url: string }
}

/**
 * The SQL text of a database, as it arrives. D1 answers no query while it writes it, rounds integers above 2^53, and
 * refuses databases with virtual tables. Fails with DATABASE.CONNECTION_LOST where the text breaks off.
 */
export async function* d1Export(
  address: RemoteD1,
  options: D1ExportOptions = {},
): AsyncGenerator<string> {
  const api = d1Api(address, options)
  const url = await finished(api, options)
  const answer = await download(api, url)
  const decoder = new TextDecoder()
  let received = 0
  try {
    for await (const chunk of answer.body ?? []) {
      received += chunk.length
      yield decoder.decode(chunk, { stream: true })
    }
  } catch (error) {
    raiseBroken(address, error)
  }
  const expected = answer.headers.get('content-length')
  if (expected !== null && !answer.headers.has('content-encoding') && received !== Number(expected))
    raiseBroken(address)
  yield decoder.decode()
}

/** Has the export made, and gives the URL of its file, which is a secret: it is signed. */
async function finished(api: D1Api, options: D1ExportOptions): Promise<string> {
  const { tables = [], withoutSchema = false, withoutData = false } = options
  const dump_options = { tables, no_schema: withoutSchema, no_data: withoutData }
  const until = api.deadline()
  let bookmark: string | undefined
  for (;;) {
    const body = { output_format: 'polling', dump_options, current_bookmark: bookmark }
    const answer: ExportAnswer = await api.read({ method: 'POST', path: '/export', body })
    if (answer.result) return answer.result.signed_url
    const message = answer.error ?? 'the export ended early'
    // The answer that it was complete was lost: it begins again.
    const ended = /Not currently exporting/.test(message) && Date.now() < until
    if (answer.status !== 'active' && !ended)
      return raiseRefused(api.address, { status: 200, code: 0, message, rowless: true })
    bookmark = ended ? undefined : answer.at_bookmark
    await api.pause(0)
  }
}

async function download(api: D1Api, url: string): Promise<Response> {
  const until = api.deadline()
  for (let tries = 0; ; tries++) {
    const answer = await fetch(url, { signal: api.signal }).catch(() => undefined)
    if (answer?.ok) return answer
    await answer?.body?.cancel()
    if (Date.now() > until) {
      const why = answer
        ? `the download was answered with ${answer.status}`
        : 'the connection broke'
      raise('DATABASE.UNREACHABLE', {
        message: `Cannot download the export of the D1 database ${api.address.d1.name}.`,
        why: `Nothing was changed: ${why}.`,
      })
    }
    await api.pause(tries)
  }
}

function raiseBroken({ d1: { name } }: RemoteD1, cause?: unknown): never {
  raise('DATABASE.CONNECTION_LOST', {
    message: `The export of the D1 database ${name} broke off.`,
    why: 'Its text did not arrive completely.',
    cause,
  })
}
