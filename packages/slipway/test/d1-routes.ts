import { createHash, randomUUID } from 'node:crypto'
import {
  type D1Call,
  type D1Fault,
  type D1ServerOptions,
  TEST_TOKEN,
  type TestDatabase,
} from './d1-call.ts'
import { D1Error, type D1Meta, type D1Result, type DumpOptions } from './d1-database.ts'

/** The response of a route. A string is an HTML page or a file. */
export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A call, as the routes see it. */
export interface Incoming {
  readonly call: D1Call
  /** Segments of the path: `client`, `v4`, `accounts`, … */
  readonly segments: readonly string[]
  readonly query: URLSearchParams
  readonly token: string | undefined
  readonly body: Buffer
  readonly fault: D1Fault | undefined
}

/** A database with its running operations. */
export interface Hosted extends TestDatabase {
  readonly created: Date
  /** Files by their names. */
  readonly uploads: Map<string, Buffer>
  importing?: RunningImport | undefined
  exporting?: { readonly bookmark: string; readonly sql: string; polls: number } | undefined
}

interface RunningImport {
  readonly bookmark: string
  readonly sql: string
  polls: number
  polledAt: number
}

export interface Host {
  readonly options: D1ServerOptions
  readonly databases: Map<string, Hosted>
  readonly downloads: Map<string, string>
  /** The times of the latest calls, in ms. */
  readonly recent: number[]
  origin: string
}

/** Carries out a call. */
export function handle(host: Host, incoming: Incoming): Answer {
  try {
    return route(host, incoming)
  } catch (error) {
    if (error instanceof D1Error) return failed(400, 7500, error.message)
    throw error
  }
}

/** An error in Cloudflare's envelope. */
export function failed(status: number, code: number, message: string): Answer {
  const body = { result: null, success: false, errors: [{ code, message }], messages: [] }
  return { status, body }
}

function success(result: unknown, status = 200): Answer {
  return { status, body: { result, success: true, errors: [], messages: [] } }
}

function route(host: Host, incoming: Incoming): Answer {
  const { segments, call, query } = incoming
  if (call.action === 'upload') return upload(host, incoming)
  if (call.action === 'download') return download(host, segments[1] ?? '')
  const refused = limited(host) ?? unauthorized(host, incoming)
  if (refused) return refused
  if (call.action === 'analytics') return analytics(host)
  const all = [...host.databases.values()]
  if (call.action === 'list') {
    const name = query.get('name')
    return success(all.filter((one) => name === null || one.name === name).map(described))
  }
  const key = segments[6] ?? ''
  const found = all.find(({ id, name }) => id === key || (call.action === 'get' && name === key))
  if (!found) return failed(404, 7404, `The database ${key} could not be found`)
  return onDatabase(host, found, incoming)
}

function limited({ options, recent }: Host): Answer | undefined {
  if (!options.limit) return undefined
  const { calls, windowMs } = options.limit
  const now = Date.now()
  while (recent[0] !== undefined && recent[0] <= now - windowMs) recent.shift()
  if (recent.length < calls) {
    recent.push(now)
    return undefined
  }
  const seconds = Math.max(1, Math.ceil(((recent[0] ?? now) + windowMs - now) / 1000))
  const answer = failed(429, 971, 'Please wait and consider throttling your request speed')
  return { ...answer, headers: { 'retry-after': String(seconds) } }
}

function unauthorized({ options }: Host, { token, call }: Incoming): Answer | undefined {
  const { tokens = { [TEST_TOKEN]: 'edit' } } = options
  const rights = token === undefined ? undefined : tokens[token]
  if (rights === undefined) return failed(401, 10_000, 'Authentication error')
  const reads = ['list', 'get', 'query', 'raw', 'bookmark', 'analytics'].includes(call.action)
  if (rights === 'edit' || (rights === 'read' && reads)) return undefined
  const message = 'The given account is not valid or is not authorized to access this service'
  return failed(403, 7403, message)
}

function described({ id, name, d1, created }: Hosted) {
  return {
    uuid: id,
    name,
    version: 'production',
    created_at: created.toISOString(),
    num_tables: d1.inspect(`SELECT 1 FROM sqlite_schema WHERE type = 'table'`).length - 1,
    file_size: Number(
      d1.inspect(
        'SELECT page_count * page_size AS size FROM pragma_page_count, pragma_page_size',
      )[0]?.size,
    ),
    running_in_region: 'WEUR',
    read_replication: { mode: 'disabled' },
  }
}

function onDatabase(host: Host, found: Hosted, incoming: Incoming): Answer {
  const { call, query, body } = incoming
  expire(host, found)
  switch (call.action) {
    case 'get':
      return success(described(found))
    case 'query':
    case 'raw':
      return queried(found, call.action, JSON.parse(String(body)) as QueryBody)
    case 'import-init':
    case 'import-ingest':
    case 'import-poll':
      return imported(host, found, incoming)
    case 'export':
      return exported(host, found, JSON.parse(String(body)) as ExportBody)
    case 'bookmark': {
      const timestamp = query.get('timestamp')
      const bookmark = found.d1.bookmark(timestamp === null ? undefined : new Date(timestamp))
      return bookmark === undefined
        ? failed(400, 7500, 'The timestamp is before the first bookmark')
        : success({ bookmark })
    }
    case 'restore': {
      const bookmark = query.get('bookmark') ?? ''
      const previous_bookmark = found.d1.restore(bookmark)
      return success({
        bookmark: found.d1.bookmark(),
        previous_bookmark,
        message: `Restored to ${bookmark}`,
      })
    }
    default:
      return failed(404, 7000, `No route for that URI`)
  }
}

interface QueryBody {
  readonly sql: string
  readonly params?: readonly unknown[]
}

function queried(found: Hosted, action: 'query' | 'raw', { sql, params }: QueryBody): Answer {
  if (found.importing) throw new D1Error('Currently processing a long-running import.')
  if (found.exporting) throw new D1Error('Currently processing a long-running export.')
  const results = found.d1.query(sql, params)
  return success(results.map((result) => (action === 'raw' ? rawOf(result) : namedOf(result))))
}

function rawOf({ columns, rows, meta }: D1Result) {
  return { results: { columns, rows }, success: true, meta }
}

function namedOf({ columns, rows, meta }: D1Result) {
  const results = rows.map((row) =>
    Object.fromEntries(columns.map((column, at) => [column, row[at]])),
  )
  return { results, success: true, meta }
}

/** Cancels and rolls back an import that is no longer polled. */
function expire({ options: { pollTimeoutMs = 15_000 } }: Host, found: Hosted): void {
  if (found.importing && found.importing.polledAt + pollTimeoutMs < Date.now())
    found.importing = undefined
}

function imported(host: Host, found: Hosted, { call, body, fault }: Incoming): Answer {
  const asked = JSON.parse(String(body)) as {
    readonly etag?: string
    readonly filename?: string
    readonly current_bookmark?: string
  }
  const { importing } = found
  if (call.action === 'import-poll') {
    if (!importing || importing.bookmark !== asked.current_bookmark)
      return success({ success: false, error: 'Not currently importing anything.' })
    return advance(found, importing, fault)
  }
  if (importing || fault?.kind === 'import-busy')
    return success({
      success: false,
      error:
        'Currently processing a long-running import. Cannot start another import until that completes or times out.',
    })
  const name = `${asked.etag}.sql`
  const file = found.uploads.get(name)
  if (call.action === 'import-init' && !file)
    return success({ filename: name, upload_url: `${host.origin}/upload/${found.id}/${name}` })
  // If the file is already uploaded, `init` itself imports it.
  if (!file || asked.etag !== md5(file))
    return success({ success: false, error: `Input file ${asked.filename} missing or invalid` })
  const { polls = 0 } = host.options
  const bookmark = found.d1.bookmark() ?? ''
  const started = { bookmark, sql: String(file), polls: polls + 1, polledAt: Date.now() }
  found.importing = started
  return advance(found, started, fault)
}

function advance(found: Hosted, running: RunningImport, fault: D1Fault | undefined): Answer {
  running.polls -= 1
  running.polledAt = Date.now()
  const at_bookmark = running.bookmark
  if (fault?.kind === 'import-error') {
    found.importing = undefined
    return success(importFailure(at_bookmark, fault.message))
  }
  if (running.polls > 0)
    return success({
      success: true,
      type: 'import',
      status: 'active',
      at_bookmark,
      messages: [],
      errors: [],
    })
  found.importing = undefined
  try {
    const { queries, meta } = found.d1.import(running.sql)
    return success(
      importResult({ at_bookmark, final_bookmark: found.d1.bookmark() ?? '', queries, meta }),
    )
  } catch (error) {
    if (error instanceof D1Error) return success(importFailure(at_bookmark, error.message))
    throw error
  }
}

function importFailure(at_bookmark: string, error: string) {
  return {
    success: false,
    type: 'import',
    status: 'error',
    at_bookmark,
    error,
    errors: [error],
    messages: [],
  }
}

function importResult(done: {
  readonly at_bookmark: string
  readonly final_bookmark: string
  readonly queries: number
  readonly meta: D1Meta
}) {
  const { at_bookmark, final_bookmark, queries, meta } = done
  return {
    success: true,
    type: 'import',
    status: 'complete',
    at_bookmark,
    messages: [`Processed ${queries} queries.`],
    errors: [],
    result: { final_bookmark, num_queries: queries, meta },
  }
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex')
}

function upload({ databases }: Host, { call, segments, body, fault }: Incoming): Answer {
  const [, id = '', name = ''] = segments
  const found = databases.get(id)
  if (call.method !== 'PUT' || !found) return { status: 404, body: 'no such upload' }
  if (fault?.kind !== 'forget') found.uploads.set(name, body)
  return { status: 200, body: '', headers: { etag: `"${md5(body)}"` } }
}

function download({ downloads }: Host, name: string): Answer {
  const sql = downloads.get(name)
  return sql === undefined ? { status: 404, body: 'no such file' } : { status: 200, body: sql }
}

interface ExportBody {
  readonly dump_options?: DumpOptions
  readonly current_bookmark?: string
}

function exported(
  host: Host,
  found: Hosted,
  { dump_options, current_bookmark }: ExportBody,
): Answer {
  const { polls = 0 } = host.options
  const bookmark = found.d1.bookmark() ?? ''
  if (current_bookmark !== undefined && found.exporting?.bookmark !== current_bookmark)
    return success({ success: false, error: 'Not currently exporting anything.' })
  const running = found.exporting ?? {
    bookmark,
    sql: found.d1.export(dump_options),
    polls: polls + 1,
  }
  running.polls -= 1
  found.exporting = running.polls > 0 ? running : undefined
  const progress = { success: true, type: 'export', at_bookmark: bookmark, messages: [] }
  if (found.exporting) return success({ ...progress, status: 'active' }, 202)
  const filename = `${randomUUID()}.sql`
  host.downloads.set(filename, running.sql)
  const result = { filename, signed_url: `${host.origin}/download/${filename}` }
  return success({ ...progress, status: 'complete', result })
}

function analytics({ options }: Host): Answer {
  if (!options.analytics) {
    const message = 'not authorized for that account'
    return { status: 200, body: { data: null, errors: [{ message }] } }
  }
  const groups = [{ sum: options.analytics }]
  return {
    status: 200,
    body: { data: { viewer: { accounts: [{ d1AnalyticsAdaptiveGroups: groups }] } }, errors: null },
  }
}
