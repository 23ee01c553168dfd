import { existsSync } from 'node:fs'
import path from 'node:path'
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'
import { invariant } from '../../kernel/index.ts'
import type {
  Address,
  D1Settings,
  RawColumn,
  RawResult,
  Row,
  ServerInfo,
  Session,
  SessionOptions,
} from '../port.ts'
import { IS_IN_SCHEMA } from '../sqlite-row-content.ts'
import { createD1File, createFile } from './create-file.ts'
import { isolate } from './isolate.ts'
import { loadSqlite } from './load.ts'
import { raiseSqliteError, type SqliteSource } from './sqlite-error.ts'

/** How long a statement waits for the lock of another process, in ms. */
const LOCK_WAIT_MS = 5000

/**
 * Opens a session on a SQLite file, or on a database in memory if no file is given. Creates no file
 * unless requested, except that of a local D1 database, which wrangler also creates on first access.
 * Fails with DATABASE.NOT_FOUND, DATABASE.CORRUPT, and with the codes of its statements.
 */
export async function withSqlite<T>(
  { file, d1 }: Extract<Address, { readonly kind: 'sqlite' }>,
  {
    connectTimeoutMs: timeout = LOCK_WAIT_MS,
    createFile: creates,
    isolated = false,
    writableSchema = false,
  }: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const source: SqliteSource = {
    where: file ?? 'in memory',
    createdByDeploy: creates === undefined,
  }
  if (file !== undefined && !existsSync(file)) {
    try {
      if (d1 !== undefined) createD1File(file)
      else if (creates && existsSync(path.dirname(file))) createFile(file)
    } catch (error) {
      return raiseSqliteError(error, source)
    }
  }
  const database = open(file, { timeout, defensive: !writableSchema }, source)
  try {
    if (isolated) isolate(database)
    return await work(sessionOn(database, source, d1))
  } finally {
    close(database)
  }
}

/**
 * Opens a database with foreign keys enforced, and with "text" as a string if no column has that name,
 * like Prisma's own engine.
 */
function open(
  file: string | undefined,
  asked: { readonly timeout: number; readonly defensive: boolean },
  source: SqliteSource,
): DatabaseSync {
  const { DatabaseSync } = loadSqlite()
  try {
    if (file === undefined)
      return new DatabaseSync(':memory:', { ...asked, enableDoubleQuotedStringLiterals: true })
    // Opening a missing file for writing would create it.
    const readOnly = !existsSync(file)
    const options = { ...asked, readOnly, enableDoubleQuotedStringLiterals: true }
    return new DatabaseSync(path.resolve(file), options)
  } catch (error) {
    return raiseSqliteError(error, source)
  }
}

function close(database: DatabaseSync): void {
  // `destroy` has closed it already.
  if (database.isOpen) database.close()
}

function sessionOn(
  database: DatabaseSync,
  source: SqliteSource,
  d1: D1Settings | undefined,
): Session {
  function guarded<T>(sql: string, action: () => T): T {
    try {
      return action()
    } catch (error) {
      const isInSchema = (text: string) => isInSchemaOf(database, text)
      return raiseSqliteError(error, { ...source, sql, isInSchema })
    }
  }
  return {
    kind: 'sqlite',
    server: guarded('', () => serverInfo(database, d1?.name)),
    ledger: 'main',
    ...(d1 ? { d1 } : {}),
    async runAtomically(script, options) {
      guarded(script, () => runAtomically(database, script, options))
    },
    query: async <R extends Row>(sql: string, params: readonly unknown[] = []) =>
      guarded(sql, () => decoded<R>(run(database, sql, params))),
    queryRaw: async (sql, params = []) => guarded(sql, () => rawResult(run(database, sql, params))),
    async execute(script) {
      guarded(script, () => database.exec(script))
    },
    *stream(sql) {
      const statement = guarded(sql, () => database.prepare(sql))
      statement.setReturnArrays(true)
      const rows = statement.iterate() as unknown as Iterator<readonly SQLOutputValue[]>
      const take = () => guarded(sql, () => rows.next())
      for (let next = take(); !next.done; next = take()) {
        const [bytes] = next.value
        invariant(bytes instanceof Uint8Array, 'a streamed query gives bytes')
        yield bytes
      }
    },
    async copyIn() {
      invariant(false, 'SQLite has no COPY')
    },
    // No statement can be cancelled, because node:sqlite is synchronous.
    cancel: async () => {},
    destroy: () => close(database),
  }
}

/**
 * SQLite ignores the setting of foreign keys inside a transaction, so it is set before. Source:
 * sqlite.org/pragma.html.
 */
function runAtomically(
  database: DatabaseSync,
  script: string,
  { foreignKeys }: { readonly foreignKeys: boolean },
): void {
  if (!foreignKeys) database.exec('PRAGMA foreign_keys = OFF')
  try {
    database.exec('BEGIN IMMEDIATE')
    database.exec(script)
    database.exec('COMMIT')
  } finally {
    // If `destroy` closed the database, SQLite has rolled back.
    if (database.isOpen) {
      if (database.isTransaction) database.exec('ROLLBACK')
      database.exec('PRAGMA foreign_keys = ON')
    }
  }
}

/** The first statement also shows whether the file is a database at all. */
function serverInfo(database: DatabaseSync, name: string | undefined): ServerInfo {
  database.exec('SELECT 1 FROM sqlite_schema LIMIT 1')
  const { version } = database.prepare('SELECT sqlite_version() AS version').get() ?? {}
  const [major = 0, minor = 0, patch = 0] = String(version).split('.').map(Number)
  return {
    versionNumber: major * 1_000_000 + minor * 1000 + patch,
    version: String(version),
    database: name ?? path.basename(database.location() ?? 'memory'),
    user: '',
    pid: 0,
    pooled: false,
    schema: 'main',
    standby: false,
    encoding: 'UTF8',
    pins: [],
  }
}

function isInSchemaOf(database: DatabaseSync, text: string): boolean {
  // `destroy` has closed it.
  if (!database.isOpen) return false
  return database.prepare(IS_IN_SCHEMA).get(text) !== undefined
}

interface Ran {
  readonly statement: StatementSync
  readonly rows: readonly SQLOutputValue[][]
  /** The number of written rows; absent for a query. */
  readonly written?: number
}

function run(database: DatabaseSync, sql: string, params: readonly unknown[]): Ran {
  const statement = database.prepare(sql)
  statement.setReadBigInts(true)
  statement.setReturnArrays(true)
  // Slipway's parameters are numbered `$1`, as on PostgreSQL; Prisma's engine writes `?` for each.
  const values = params.map(inputValue)
  const named = Object.fromEntries(values.map((value, at) => [`$${at + 1}`, value]))
  const isNamed = sql.includes('$1')
  if (statement.columns().length === 0) {
    const { changes } = isNamed ? statement.run(named) : statement.run(...values)
    return { statement, rows: [], written: Number(changes) }
  }
  const rows = isNamed ? statement.all(named) : statement.all(...values)
  return { statement, rows: rows as unknown as SQLOutputValue[][] }
}

function inputValue(value: unknown): SQLInputValue {
  switch (typeof value) {
    case 'number':
      return Number.isSafeInteger(value) ? BigInt(value) : value
    case 'boolean':
      return value ? 1n : 0n
    case 'bigint':
    case 'string':
      return value
    default:
      if (value === null || value === undefined) return null
      return value instanceof Uint8Array ? value : JSON.stringify(value)
  }
}

/** Integers that a JavaScript number cannot hold are text, like PostgreSQL's `int8`. */
function decoded<R extends Row>({ statement, rows }: Ran): R[] {
  const names = statement.columns().map(({ name }) => name)
  return rows.map((values) => {
    const fields = names.map((name, at) => {
      const value = values[at] ?? null
      if (typeof value !== 'bigint') return [name, value]
      return [name, Number.isSafeInteger(Number(value)) ? Number(value) : String(value)]
    })
    return Object.fromEntries(fields) as R
  })
}

function rawResult({ statement, rows, written }: Ran): RawResult {
  const columns = statement.columns().map(({ name, type }, at): RawColumn => {
    const first = rows.map((values) => values[at] ?? null).find((value) => value !== null)
    return { name, oid: 0, type: type ?? storageClass(first) }
  })
  return {
    columns,
    rows: rows.map((values) => values.map(asText)),
    affected: written ?? rows.length,
  }
}

function storageClass(value: SQLOutputValue | undefined): string {
  switch (typeof value) {
    case 'bigint':
      return 'INTEGER'
    case 'number':
      return 'REAL'
    case 'object':
      return 'BLOB'
    default:
      return 'TEXT'
  }
}

/** A BLOB as its bytes in hexadecimal digits. */
function asText(value: SQLOutputValue): string | null {
  if (value === null) return null
  return typeof value === 'object' ? Buffer.from(value).toString('hex') : String(value)
}
