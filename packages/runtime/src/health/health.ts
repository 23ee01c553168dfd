import type { Pool } from 'pg'
import { hasBearerToken } from '../bearer.ts'
import type { MeasuredReplicas } from '../metrics/index.ts'
import { poolState } from '../pool/index.ts'
import { type AnyClient, plainClient } from '../prisma.ts'
import { checkMigrations, type MigrationsOptions, type RunSql } from './migrations.ts'
import {
  type Check,
  type CheckResult,
  fail,
  type HealthReport,
  pass,
  runChecks,
  warn,
} from './report.ts'

/** Times in ms. */
export interface HealthOptions {
  /** The client whose database is checked, without its extensions. */
  readonly prisma?: AnyClient
  /** The pool whose saturation is checked; also its database, if `prisma` is absent. */
  readonly pool?: Pool
  readonly migrations?: MigrationsOptions
  /** An unusable replica causes a warning: other servers serve its reads. */
  readonly replicas?: MeasuredReplicas
  /** Warns if the database is larger than `maxBytes`. Needs only the privilege to connect to it. */
  readonly disk?: { readonly maxBytes: number }
  /** The application's own checks, by name. A check that throws has failed. */
  readonly checks?: Readonly<Record<string, () => Promise<CheckResult | void>>>
  /** A check that takes longer has failed. Default 1000. */
  readonly timeout?: number
  /** How long a report is reused, so that many probes cost one check. Default 1000. */
  readonly reuseFor?: number
  /** The token that is required to read the details. Without it, they cannot be read. */
  readonly token?: string
}

type Handler = (request: Request) => Promise<Response>

export interface Health {
  /** 200 while the process can answer. It queries nothing: an unreachable database is not a reason to restart. */
  readonly live: Handler
  /** 200 while the instance should receive requests, otherwise 503; with the names of the failed checks. */
  readonly ready: Handler
  /** The whole report, for the bearer of the token. Same status as `ready`. */
  readonly details: Handler
  report(): Promise<HealthReport>
  /** Makes the instance not ready: call it on SIGTERM, and end the process when the load balancer has noticed. */
  drain(): void
}

/** Creates the handlers of an application's health routes. */
export function createHealth(options: HealthOptions): Health {
  const { timeout = 1000, reuseFor = 1000, token } = options
  const checks = checksOf(options)
  let draining = false
  let last: { readonly report: Promise<HealthReport>; until: number } | undefined

  const report = () => {
    if (last && performance.now() < last.until) return last.report
    // All callers share a report until it is complete, however long a check hangs.
    const made = { report: runChecks(checks, timeout), until: Number.POSITIVE_INFINITY }
    last = made
    void made.report.finally(() => {
      made.until = performance.now() + reuseFor
    })
    return made.report
  }
  const respond = async (body: (found: HealthReport) => object) => {
    const found = await report()
    const ready = found.ready && !draining
    return json(ready ? 200 : 503, { status: ready ? 'ready' : 'not-ready', ...body(found) })
  }
  return {
    live: async () => json(200, { status: 'live' }),
    ready: () => respond(({ checks: results }) => ({ failed: failedOf(results, draining) })),
    details: async (request) => {
      if (token === undefined) return json(403, { status: 'forbidden' })
      if (!hasBearerToken(request, token)) {
        return json(401, { status: 'unauthorized' }, { 'www-authenticate': 'Bearer' })
      }
      return await respond((found) => ({ draining, checks: found.checks, at: new Date(found.at) }))
    },
    report,
    drain: () => {
      draining = true
    },
  }
}

function checksOf(options: HealthOptions): Record<string, Check> {
  const { pool, migrations, replicas, disk, checks = {} } = options
  const runSql = runSqlOf(options)
  const own = Object.entries(checks).map(([name, check]): [string, Check] => [
    name,
    async () => (await check()) ?? pass(undefined),
  ])
  return {
    // Before the others, because they wait for connections themselves.
    ...(pool && { pool: () => checkPool(pool) }),
    ...(runSql && { database: () => checkDatabase(runSql) }),
    ...(runSql && migrations && { migrations: () => checkMigrations(runSql, migrations) }),
    ...(replicas && { replicas: () => checkReplicas(replicas) }),
    ...(runSql && disk && { disk: () => checkDisk(runSql, disk.maxBytes) }),
    ...Object.fromEntries(own),
  }
}

function runSqlOf({ prisma, pool }: HealthOptions): RunSql | undefined {
  if (prisma) {
    const plain = plainClient(prisma)
    return async <T>(sql: string) => await plain.$queryRawUnsafe<T[]>(sql)
  }
  if (pool) return async <T>(sql: string) => (await pool.query(sql)).rows as T[]
  return undefined
}

async function checkDatabase(runSql: RunSql): Promise<CheckResult> {
  const begin = performance.now()
  await runSql('SELECT 1 AS one')
  return pass({ latency: Math.round((performance.now() - begin) * 10) / 10 })
}

/** A queue as long as the pool means that a new request waits for a whole round of the others. */
async function checkPool(pool: Pool): Promise<CheckResult> {
  const state = poolState(pool)
  if (state.waiting < state.max) return pass({ ...state })
  return fail('At least as many operations wait for a connection as the pool has connections.', {
    ...state,
  })
}

async function checkReplicas(replicas: MeasuredReplicas): Promise<CheckResult> {
  const status = replicas.status()
  const out = status.filter(({ usable }) => !usable).map(({ name }) => name)
  if (out.length === 0) return pass({ replicas: status })
  return warn(`Out of use: ${out.join(', ')}.`, { replicas: status })
}

async function checkDisk(runSql: RunSql, maxBytes: number): Promise<CheckResult> {
  const rows = await runSql<{ bytes: string }>(
    'SELECT pg_database_size(current_database())::text AS bytes',
  )
  const bytes = Number(rows[0]?.bytes)
  if (bytes <= maxBytes) return pass({ bytes })
  return warn(`The database is larger than ${maxBytes} bytes.`, { bytes })
}

function failedOf(checks: HealthReport['checks'], draining: boolean): string[] {
  const failed = Object.entries(checks).filter(([, { status }]) => status === 'fail')
  return [...failed.map(([name]) => name), ...(draining ? ['draining'] : [])]
}

function json(status: number, body: object, headers: Record<string, string> = {}): Response {
  return Response.json(body, {
    status,
    headers: {
      'cache-control': 'no-store',
      ...(status === 503 && { 'retry-after': '1' }),
      ...headers,
    },
  })
}
