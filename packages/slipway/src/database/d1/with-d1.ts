import { failureOf, invariant, rethrow } from '../../kernel/index.ts'
import type { RawColumn, RawResult, RemoteD1, Row, Session, SessionOptions } from '../port.ts'
import {
  IS_IN_SCHEMA,
  isInSql,
  suspectParts,
  unquotedPart,
  withoutParts,
} from '../sqlite-row-content.ts'
import { type D1Api, d1Api } from './api.ts'
import { readDatabaseInfo } from './database-info.ts'
import { type D1Value, exactSql, exactValue, hasRounded } from './exact-integers.ts'
import { importScript } from './import.ts'
import { d1Statement, isQuery, isRead } from './parameters.ts'

/**
 * Opens a session on a Cloudflare D1 database, through its REST API. There is no lasting connection: each
 * statement and each script is its own transaction. Integers are exact in the rows of queries; if a
 * statement that changes rows returns them, the API rounds integers above 2^53. Fails with
 * DATABASE.UNREACHABLE, .AUTHENTICATION, .NOT_FOUND, .RATE_LIMITED, .LOCKED, .STATEMENT,
 * .OUTCOME_UNKNOWN.
 */
export async function withD1<T>(
  address: RemoteD1,
  options: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const api = d1Api(address, options)
  const { version } = await readDatabaseInfo(api)
  try {
    return await work(sessionOn(api, version))
  } finally {
    api.abort()
  }
}

function sessionOn(api: D1Api, version: string): Session {
  const { d1 } = api.address
  const run = async (script: string) => {
    await withMaskedErrors(api, script, () => importScript(api, script))
  }
  return {
    kind: 'd1',
    server: {
      // D1 does not report the version of its SQLite.
      versionNumber: 0,
      version,
      database: d1.name,
      user: '',
      pid: 0,
      pooled: false,
      schema: 'main',
      standby: false,
      encoding: 'UTF8',
      pins: [],
    },
    ledger: 'main',
    d1,
    // Foreign keys can be switched off only before the first change of an import.
    runAtomically: async (script, { foreignKeys }) =>
      await run(foreignKeys ? script : `PRAGMA foreign_keys = OFF;\n${script}`),
    async query<R extends Row>(sql: string, params: readonly unknown[] = []) {
      const { columns, rows } = await query(api, sql, params)
      return rows.map((values) => {
        const fields = columns.map((name, at) => [name, decoded(values[at] ?? null)])
        return Object.fromEntries(fields) as R
      })
    },
    async queryRaw(sql, params = []) {
      return rawResult(await query(api, sql, params))
    },
    execute: run,
    async copyIn() {
      invariant(false, 'SQLite has no COPY')
    },
    // The API has no call that cancels another.
    cancel: async () => {},
    destroy: () => api.abort(),
  }
}

/** The result of a statement, with exact integers. */
interface Result {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (D1Value | bigint)[])[]
  readonly changes: number
}

/** The answer of `/raw` for each statement. */
interface RawAnswer {
  readonly results: {
    readonly columns: readonly string[]
    readonly rows: readonly (readonly D1Value[])[]
  }
  readonly meta: { readonly changes?: number }
}

async function query(api: D1Api, sql: string, values: readonly unknown[]): Promise<Result> {
  return await withMaskedErrors(api, sql, async () => {
    const { results, meta } = await raw(api, sql, values)
    const { columns, rows } = results
    const changes = meta.changes ?? 0
    if (!hasRounded(rows) || !isQuery(sql)) return { columns, rows, changes }
    const exact = await raw(api, exactSql(sql, columns.length), values)
    return { columns, rows: exact.results.rows.map((row) => row.map(exactValue)), changes }
  })
}

async function raw(api: D1Api, sql: string, values: readonly unknown[]): Promise<RawAnswer> {
  const effect = isRead(sql) ? 'read' : 'write'
  const body = d1Statement(sql, values)
  const answers = await api[effect]<readonly RawAnswer[]>({ method: 'POST', path: '/raw', body })
  return answers.at(-1) ?? { results: { columns: [], rows: [] }, meta: {} }
}

/** Removes row values from the error of a refused statement: see sqlite-row-content.ts. */
async function withMaskedErrors<T>(api: D1Api, sql: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const failure = failureOf(error)
    if (!failure?.sqlite) throw error
    const { message, code } = failure.sqlite
    const unknown: string[] = []
    for (const part of suspectParts(message, code)) {
      const text = unquotedPart(part)
      if (!isInSql(sql, text) && !(await isInSchema(api, text))) unknown.push(part)
    }
    const said = withoutParts(message, unknown)
    // The error itself has the message in full.
    rethrow({
      ...failure,
      message: failure.message.replace(message, () => said),
      sqlite: { ...failure.sqlite, message: said },
    })
  }
}

async function isInSchema(api: D1Api, text: string): Promise<boolean> {
  try {
    const { results } = await raw(api, IS_IN_SCHEMA, [text])
    return results.rows.length > 0
  } catch {
    return false
  }
}

/** Integers that a JavaScript number cannot hold are text, like PostgreSQL's `int8`. */
function decoded(value: D1Value | bigint): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : String(value)
  }
  return typeof value === 'object' && value !== null ? Uint8Array.from(value) : value
}

function rawResult({ columns, rows, changes }: Result): RawResult {
  return {
    columns: columns.map((name, at): RawColumn => {
      const first = rows.map((values) => values[at] ?? null).find((value) => value !== null)
      return { name, oid: 0, type: storageClass(first) }
    }),
    rows: rows.map((values) => values.map(asText)),
    affected: columns.length === 0 ? changes : rows.length,
  }
}

function storageClass(value: D1Value | bigint | undefined): string {
  switch (typeof value) {
    case 'bigint':
      return 'INTEGER'
    case 'number':
      return Number.isInteger(value) ? 'INTEGER' : 'REAL'
    case 'object':
      return 'BLOB'
    default:
      return 'TEXT'
  }
}

/** A BLOB as its bytes in hexadecimal digits. */
function asText(value: D1Value | bigint): string | null {
  if (value === null) return null
  return typeof value === 'object' ? Buffer.from(value).toString('hex') : String(value)
}
