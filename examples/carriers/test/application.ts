import { testDatabase, type TestDatabase } from 'slipway/testing'
import { closeDatabase } from '../src/db.ts'

/** A request to the API: a path, and the options of `fetch`. */
export type Call = (
  path: string,
  init?: RequestInit & { readonly json?: unknown },
) => Promise<Response>

export interface Application {
  readonly database: TestDatabase
  readonly call: Call
  close(): Promise<void>
}

type Handler = (
  request: Request,
  context: { params: Promise<Record<string, string>> },
) => Promise<Response>
type Routes = Readonly<Record<string, Handler>>

/**
 * The routes of the application with a separate test database, called as Next.js calls them. Settings come from the
 * environment; see `src/db.ts`.
 */
export async function startApplication(
  options: {
    readonly url?: (url: string) => Promise<string>
    readonly env?: Readonly<Record<string, string>>
  } = {},
): Promise<Application> {
  process.chdir(new URL('..', import.meta.url).pathname)
  const database = await testDatabase({ sets: ['testing'] })
  const given = { LOG_LEVEL: 'silent', RATE_LIMIT: '1000000', ...options.env }
  Object.assign(process.env, {
    DATABASE_URL: (await options.url?.(database.url)) ?? database.url,
    ...given,
  })
  const routes = await loadRoutes()
  return {
    database,
    call: async (path, { json, headers, ...init } = {}) => {
      const request = new Request(new URL(path, 'http://localhost'), {
        ...init,
        headers: {
          ...(json !== undefined && { 'content-type': 'application/json' }),
          ...(headers as object),
        },
        ...(json !== undefined && { body: JSON.stringify(json) }),
      })
      const { handlers, params } = find(routes, new URL(request.url).pathname)
      const handler = handlers[request.method]
      if (!handler) throw new Error(`No ${request.method} ${path}`)
      return await handler(request, { params: Promise.resolve(params) })
    },
    close: async () => {
      await closeDatabase()
      await database.drop()
    },
  }
}

type RouteTable = readonly (readonly [pattern: RegExp, handlers: Routes])[]

async function loadRoutes(): Promise<RouteTable> {
  const load = async (module: Promise<unknown>) => (await module) as Routes
  return [
    [/^\/api\/carriers$/, await load(import('../app/api/carriers/route.ts'))],
    [/^\/api\/carriers\/(?<id>[^/]+)$/, await load(import('../app/api/carriers/[id]/route.ts'))],
    [
      /^\/api\/carriers\/(?<id>[^/]+)\/loads$/,
      await load(import('../app/api/carriers/[id]/loads/route.ts')),
    ],
    [
      /^\/api\/carriers\/(?<id>[^/]+)\/contacts$/,
      await load(import('../app/api/carriers/[id]/contacts/route.ts')),
    ],
    [
      /^\/api\/carriers\/(?<id>[^/]+)\/contacts\/(?<recordId>[^/]+)$/,
      await load(import('../app/api/carriers/[id]/contacts/[recordId]/route.ts')),
    ],
    [
      /^\/api\/carriers\/(?<id>[^/]+)\/insurance-policies$/,
      await load(import('../app/api/carriers/[id]/insurance-policies/route.ts')),
    ],
    [
      /^\/api\/carriers\/(?<id>[^/]+)\/insurance-policies\/(?<recordId>[^/]+)$/,
      await load(import('../app/api/carriers/[id]/insurance-policies/[recordId]/route.ts')),
    ],
    [/^\/api\/health\/live$/, await load(import('../app/api/health/live/route.ts'))],
    [/^\/api\/health\/ready$/, await load(import('../app/api/health/ready/route.ts'))],
    [/^\/api\/health\/details$/, await load(import('../app/api/health/details/route.ts'))],
    [/^\/api\/metrics$/, await load(import('../app/api/metrics/route.ts'))],
    [/^\/api\/openapi\.json$/, await load(import('../app/api/openapi.json/route.ts'))],
    [/^\/api\//, await load(import('../app/api/[...path]/route.ts'))],
  ]
}

function find(
  routes: RouteTable,
  pathname: string,
): { handlers: Routes; params: Record<string, string> } {
  for (const [pattern, handlers] of routes) {
    const found = pattern.exec(pathname)
    if (!found) continue
    const groups = Object.entries(found.groups ?? {})
    const params = Object.fromEntries(
      groups.map(([name, value]) => [name, decodeURIComponent(value)]),
    )
    return { handlers, params }
  }
  throw new Error(`No route ${pathname}`)
}
