import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RemoteD1 } from '../src/database/index.ts'
import { Secret } from '../src/kernel/index.ts'
import {
  type D1Action,
  type D1Call,
  type D1Fault,
  type D1ServerOptions,
  TEST_ACCOUNT,
  TEST_TOKEN,
  type TestDatabase,
} from './d1-call.ts'
import { openD1Database } from './d1-database.ts'
import { type Answer, failed, handle, type Host, type Hosted } from './d1-routes.ts'

/**
 * A stand-in for D1's part of Cloudflare's REST API, for Slipway's client and for wrangler
 * (`CLOUDFLARE_API_BASE_URL`). Each call has the fault that `fault` returns.
 */
export interface D1Server {
  /** With the API's path: `http://127.0.0.1:…/client/v4`. */
  readonly url: string
  /** The environment variables for wrangler and Slipway. */
  readonly env: Readonly<Record<string, string>>
  /** The calls so far, in order. */
  readonly calls: D1Call[]
  fault: (call: D1Call) => D1Fault | undefined
  /** Creates a database. Names are unique. */
  create(name: string): TestDatabase
  stop(): Promise<void>
}

/** Starts a stand-in on a free port. */
export async function startD1Server(options: D1ServerOptions = {}): Promise<D1Server> {
  const folder = mkdtempSync(path.join(tmpdir(), 'slipway-d1-'))
  const host: Host = {
    options,
    databases: new Map(),
    downloads: new Map(),
    recent: [],
    origin: '',
  }
  const http = createServer((incoming, response) => {
    void serve(host, server, { incoming, response })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  host.origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const accountId = options.accountId ?? TEST_ACCOUNT
  const url = `${host.origin}/client/v4`
  const server: D1Server = {
    url,
    env: {
      CLOUDFLARE_API_BASE_URL: url,
      CLOUDFLARE_API_TOKEN: TEST_TOKEN,
      CLOUDFLARE_ACCOUNT_ID: accountId,
    },
    calls: [],
    fault: () => undefined,
    create(name) {
      const id = randomUUID()
      const d1 = openD1Database(path.join(folder, `${id}.sqlite`))
      const address: RemoteD1 = {
        kind: 'd1',
        d1: { name, migrationsTable: 'd1_migrations' },
        accountId,
        databaseId: id,
        token: new Secret(TEST_TOKEN),
        apiUrl: url,
      }
      const hosted: Hosted = {
        name,
        id,
        d1,
        address,
        created: new Date(),
        uploads: new Map(),
        cancelImport: () => {
          hosted.importing = undefined
        },
      }
      host.databases.set(id, hosted)
      return hosted
    },
    async stop() {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
      for (const { d1 } of host.databases.values()) d1.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return server
}

async function serve(
  host: Host,
  server: D1Server,
  { incoming, response }: { incoming: IncomingMessage; response: ServerResponse },
): Promise<void> {
  const url = new URL(incoming.url ?? '/', host.origin)
  const segments = url.pathname.split('/').filter(Boolean).map(decodeURIComponent)
  const method = incoming.method ?? 'GET'
  const upload = segments[0] === 'upload'
  // The body says what an import call does. A fault that cuts the body of an upload must be known before it
  // is read.
  const body = upload ? undefined : await received(incoming)
  const action = actionOf(method, segments, body)
  const call = { method, path: url.pathname, action, number: server.calls.length + 1 }
  server.calls.push(call)
  const fault = server.fault(call)
  const whole = body ?? (await received(incoming, fault))
  if (!whole || fault?.kind === 'reset') return void response.destroy()
  const token = /^Bearer (.+)$/.exec(incoming.headers.authorization ?? '')?.[1]
  const request = { call, segments, query: url.searchParams, token, body: whole, fault }
  const carriedOut =
    fault?.kind === 'status' || fault?.kind === 'silent' ? (fault.carriedOut ?? false) : true
  const real = carriedOut ? handle(host, request) : OK
  await answer(response, real, fault)
}

const OK: Answer = { status: 200, body: '' }

async function received(incoming: IncomingMessage, fault?: D1Fault): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      bytes += chunk.length
      if (fault?.kind === 'cut-request' && bytes >= fault.bytes) return undefined
    }
  } catch {
    return undefined
  }
  return Buffer.concat(chunks)
}

async function answer(
  response: ServerResponse,
  real: Answer,
  fault: D1Fault | undefined,
): Promise<void> {
  if (fault?.kind === 'silent') return
  if (fault?.kind === 'lost-answer') return void response.socket?.destroy()
  if (fault?.kind === 'slow') await sleep(fault.ms)
  const { status, body, headers = {} } = changed(real, fault)
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const type = typeof body === 'string' ? 'text/html' : 'application/json'
  response.writeHead(status, {
    'content-type': type,
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  })
  if (fault?.kind !== 'cut-answer') return void response.end(text)
  await new Promise((resolve) => response.write(text.slice(0, text.length >> 1), resolve))
  response.socket?.destroy()
}

function changed(real: Answer, fault: D1Fault | undefined): Answer {
  if (fault?.kind === 'page')
    return { status: fault.status, body: `<html><title>${fault.status}</title></html>` }
  if (fault?.kind !== 'status') return real
  const { status, retryAfter, code = CODES[status] ?? status, message = 'no' } = fault
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
  return { ...failed(status, code, message), headers }
}

/** Cloudflare's error codes that users report for these HTTP statuses. */
const CODES: Readonly<Record<number, number>> = {
  401: 10_000,
  403: 7403,
  429: 971,
  500: 7500,
  504: 7009,
}

function actionOf(method: string, segments: readonly string[], body: Buffer | undefined): D1Action {
  if (segments[0] === 'upload') return 'upload'
  if (segments[0] === 'download') return 'download'
  if (segments[2] === 'graphql') return 'analytics'
  if (segments[4] !== 'd1') return 'other'
  const rest = segments.slice(7).join('/')
  switch (rest) {
    case '':
      return segments.length > 6 ? 'get' : 'list'
    case 'query':
    case 'raw':
    case 'export':
      return rest
    case 'import': {
      const { action } = JSON.parse(String(body)) as { action: string }
      return action === 'init'
        ? 'import-init'
        : action === 'ingest'
          ? 'import-ingest'
          : 'import-poll'
    }
    case 'time_travel/bookmark':
      return 'bookmark'
    case 'time_travel/restore':
      return 'restore'
    default:
      return 'other'
  }
}
