import { createHash } from 'node:crypto'
import { statSync, writeFileSync } from 'node:fs'
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { authorize, NO_TRANSACTION, refused } from './d1-authorizer.ts'

/**
 * A SQLite file that behaves like D1: its limits, refusals and error texts, one transaction for each query
 * and each import, and bookmarks. d1-facts.test.ts shows that wrangler's own D1 does the same.
 */
export interface D1Database {
  readonly file: string
  /** Runs a text of one or several statements in one transaction, in which foreign keys cannot be switched off. */
  query(sql: string, params?: readonly unknown[]): readonly D1Result[]
  /** Runs a file in one transaction; `PRAGMA foreign_keys` works before its first change. */
  import(sql: string): { readonly queries: number; readonly meta: D1Meta }
  /** The bookmark of the current state, or of the last state before a time. */
  bookmark(before?: Date): string | undefined
  /** Restores the state of a bookmark. Returns the bookmark of the state before. */
  restore(bookmark: string): string
  /** The whole database as SQL. Refuses virtual tables, as D1 does. */
  export(options?: DumpOptions): string
  /** Reads without D1's limits, for tests. */
  inspect(sql: string): readonly Record<string, SQLOutputValue>[]
  close(): void
}

export interface D1Result {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
  readonly meta: D1Meta
}

export interface D1Meta {
  readonly served_by: string
  readonly duration: number
  readonly changes: number
  readonly last_row_id: number
  readonly changed_db: boolean
  readonly size_after: number
  readonly rows_read: number
  readonly rows_written: number
}

export interface DumpOptions {
  readonly no_schema?: boolean
  readonly no_data?: boolean
  readonly tables?: readonly string[]
}

/** A refusal by D1. */
export class D1Error extends Error {}

const MAX_TEXT_BYTES = 100_000

interface State {
  readonly bookmark: string
  readonly at: Date
  readonly image: Uint8Array
}

/** Opens or creates a file. Remote databases have a table `_cf_KV`. */
export function openD1Database(file: string): D1Database {
  let db = open(file)
  const states: State[] = []
  const remember = () => {
    const image = withoutAuthorizer(db, () => db.serialize())
    const before = states.at(-1)
    if (before && Buffer.compare(before.image, image) === 0) return before.bookmark
    const count = states.length.toString(16).padStart(8, '0')
    const hash = createHash('md5').update(image).digest('hex')
    const bookmark = `${count}-00000000-00004c6d-${hash}`
    states.push({ bookmark, at: new Date(), image })
    return bookmark
  }
  const find = (bookmark: string) => {
    const state = states.find((one) => one.bookmark === bookmark)
    if (!state) throw new D1Error(`Bookmark ${bookmark} is invalid.`)
    return state
  }
  remember()
  return {
    file,
    query: (sql, params = []) => {
      if (Buffer.byteLength(sql) > MAX_TEXT_BYTES) throw tooLong()
      const before = versionOf(db)
      const results = inTransaction(db, () => run(db, sql, params))
      if (versionOf(db) !== before) remember()
      return results
    },
    import: (sql) => {
      try {
        const results = importInto(db, sql)
        remember()
        return { queries: results.length, meta: total(results, db) }
      } finally {
        // D1 reloads the database after an import.
        db.close()
        db = open(file)
      }
    },
    bookmark: (before) =>
      before === undefined ? remember() : states.findLast(({ at }) => at <= before)?.bookmark,
    restore(bookmark) {
      const { image } = find(bookmark)
      const previous = remember()
      db.close()
      writeFileSync(file, image)
      db = open(file)
      remember()
      return previous
    },
    export: (options = {}) => dump(db, options),
    inspect: (sql) => unlimited(file, (plain) => plain.prepare(sql).all()),
    close: () => db.close(),
  }
}

function open(file: string): DatabaseSync {
  const plain = new DatabaseSync(file)
  plain.exec(
    'PRAGMA synchronous = OFF; CREATE TABLE IF NOT EXISTS _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID',
  )
  plain.close()
  const db = new DatabaseSync(file, {
    defensive: true,
    timeout: 5000,
    enableDoubleQuotedStringLiterals: true,
    limits: {
      attach: 0,
      column: 100,
      compoundSelect: 5,
      exprDepth: 100,
      length: 2_200_000,
      likePatternLength: 50,
      sqlLength: MAX_TEXT_BYTES,
      variableNumber: 100,
    },
  })
  db.exec('PRAGMA synchronous = OFF')
  db.setAuthorizer(authorize)
  return db
}

function unlimited<T>(file: string, work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(file, { readOnly: true, timeout: 5000 })
  try {
    return work(db)
  } finally {
    db.close()
  }
}

/** Runs work of the stand-in itself, without D1's restrictions. */
function withoutAuthorizer<T>(db: DatabaseSync, work: () => T): T {
  db.setAuthorizer(null)
  try {
    return work()
  } finally {
    db.setAuthorizer(authorize)
  }
}

function own(db: DatabaseSync, sql: string): void {
  withoutAuthorizer(db, () => db.exec(sql))
}

function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  own(db, 'BEGIN IMMEDIATE')
  try {
    const result = work()
    own(db, 'COMMIT')
    return result
  } catch (error) {
    if (db.isTransaction) own(db, 'ROLLBACK')
    throw d1Error(error)
  }
}

/** Runs PRAGMA statements outside of the transaction as long as nothing was changed. */
function importInto(db: DatabaseSync, sql: string): D1Result[] {
  const results: D1Result[] = []
  try {
    for (const statement of statementsOf(db, sql)) {
      if (!db.isTransaction && !/^\s*pragma\b/i.test(withoutComments(statement.sourceSQL)))
        own(db, 'BEGIN IMMEDIATE')
      results.push(execute(db, statement, []))
    }
    if (db.isTransaction) own(db, 'COMMIT')
    return results
  } catch (error) {
    if (db.isTransaction) own(db, 'ROLLBACK')
    throw d1Error(error)
  }
}

function withoutComments(sql: string): string {
  return sql.replaceAll(/--[^\n]*\n|\/\*[\s\S]*?\*\//g, ' ')
}

/** SQLite itself finds the end of each statement: the source text of a prepared statement ends there. */
function* statementsOf(db: DatabaseSync, sql: string): Generator<StatementSync> {
  let rest = sql
  for (;;) {
    let statement: StatementSync
    try {
      statement = prepareFirst(db, rest)
    } catch (error) {
      if ((error as { code?: string }).code === 'ERR_INVALID_ARG_VALUE') return
      throw error
    }
    rest = rest.slice(statement.sourceSQL.length)
    yield statement
  }
}

/** More characters than a statement may have. */
const WINDOW = 3 * MAX_TEXT_BYTES

/** Prepares the first statement. Passes long texts in pieces: SQLite copies the whole text each time. */
function prepareFirst(db: DatabaseSync, sql: string): StatementSync {
  if (sql.length <= WINDOW) return db.prepare(sql)
  try {
    const statement = db.prepare(sql.slice(0, WINDOW))
    // A statement that ends with the piece may be incomplete.
    if (statement.sourceSQL.length < WINDOW) return statement
  } catch {
    // The whole text gives the right error.
  }
  return db.prepare(sql)
}

function run(db: DatabaseSync, sql: string, params: readonly unknown[]): D1Result[] {
  const results: D1Result[] = []
  for (const statement of statementsOf(db, sql)) results.push(execute(db, statement, params))
  if (results.length === 0) throw new D1Error('No SQL statements detected.')
  return results
}

function execute(db: DatabaseSync, statement: StatementSync, params: readonly unknown[]): D1Result {
  const started = performance.now()
  const before = changesOf(db)
  statement.setReadBigInts(true)
  statement.setReturnArrays(true)
  const rows = statement.all(...params.map(boundValue)) as unknown as SQLOutputValue[][]
  const changes = changesOf(db) - before
  const meta = metaOf(db, { changes, rows: rows.length, duration: performance.now() - started })
  return {
    columns: statement.columns().map(({ name }) => name),
    rows: rows.map((values) => values.map(resultValue)),
    meta,
  }
}

/** A parameter as D1 binds it: numbers arrive as floating point, booleans as 1 and 0, bytes as arrays. */
function boundValue(value: unknown): string | number | Uint8Array | null {
  if (typeof value === 'string' || typeof value === 'number' || value === null) return value
  if (typeof value === 'boolean') return Number(value)
  if (Array.isArray(value)) return Uint8Array.from(value as number[])
  throw new D1Error(`Type '${typeof value}' not supported`)
}

/** A value as D1 returns it: JSON has no integers above 2^53 and no infinity. */
function resultValue(value: SQLOutputValue): unknown {
  if (typeof value === 'bigint') return Number(value)
  return value instanceof Uint8Array ? [...value] : value
}

function changesOf(db: DatabaseSync): number {
  return Number(db.prepare('SELECT total_changes() AS n').get()?.n)
}

/** A text that differs after each change of rows or of the schema. */
function versionOf(db: DatabaseSync): string {
  return withoutAuthorizer(
    db,
    () => `${changesOf(db)} ${String(db.prepare('PRAGMA schema_version').get()?.schema_version)}`,
  )
}

function metaOf(
  db: DatabaseSync,
  { changes, rows, duration }: { changes: number; rows: number; duration: number },
): D1Meta {
  return {
    served_by: 'stand-in',
    duration,
    changes,
    last_row_id: 0,
    changed_db: changes > 0,
    size_after: statSync(db.location() ?? '').size,
    rows_read: rows,
    rows_written: changes,
  }
}

function total(results: readonly D1Result[], db: DatabaseSync): D1Meta {
  const changes = results.reduce((sum, { meta }) => sum + meta.changes, 0)
  const duration = results.reduce((sum, { meta }) => sum + meta.duration, 0)
  return metaOf(db, { changes, duration, rows: 0 })
}

/** An error of SQLite in D1's format: `message: SQLITE_X (extended: SQLITE_X_Y)`. */
function d1Error(error: unknown): unknown {
  if (!(error instanceof Error) || !('errcode' in error)) return error
  const code = Number(error.errcode)
  const { message } = error
  if (code === 18) return tooLong()
  if (code === 23 && refused.transaction) return new D1Error(NO_TRANSACTION)
  if (code === 25) return new D1Error('Wrong number of parameter bindings for SQL query.')
  const name = PRIMARY[code & 0xff] ?? 'SQLITE_ERROR'
  const extended = EXTENDED[code]
  return new D1Error(`${message}: ${name}${extended ? ` (extended: ${name}_${extended})` : ''}`)
}

function tooLong(): D1Error {
  return new D1Error('statement too long: SQLITE_TOOBIG')
}

const PRIMARY: Readonly<Record<number, string>> = {
  1: 'SQLITE_ERROR',
  5: 'SQLITE_BUSY',
  13: 'SQLITE_FULL',
  18: 'SQLITE_TOOBIG',
  19: 'SQLITE_CONSTRAINT',
  20: 'SQLITE_MISMATCH',
  23: 'SQLITE_AUTH',
}

const EXTENDED: Readonly<Record<number, string>> = {
  275: 'CHECK',
  787: 'FOREIGNKEY',
  1299: 'NOTNULL',
  1555: 'PRIMARYKEY',
  1811: 'TRIGGER',
  2067: 'UNIQUE',
  3091: 'DATATYPE',
}

function dump(db: DatabaseSync, options: DumpOptions): string {
  const { no_schema = false, no_data = false, tables = [] } = options
  const objects = db
    .prepare(
      `SELECT type, name, tbl_name AS "table", sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'`,
    )
    .all() as unknown as { type: string; name: string; table: string; sql: string }[]
  if (objects.some(({ sql }) => /^CREATE VIRTUAL TABLE/i.test(sql)))
    throw new D1Error('D1 Export error: cannot export databases with Virtual Tables (fts5)')
  const wanted = objects.filter(({ table }) => tables.length === 0 || tables.includes(table))
  const lines = ['PRAGMA defer_foreign_keys=TRUE;']
  for (const { name, sql } of wanted.filter(({ type }) => type === 'table')) {
    if (!no_schema && name !== 'sqlite_sequence') lines.push(`${sql};`)
    if (!no_data) lines.push(...inserts(db, name))
  }
  if (!no_schema)
    lines.push(...wanted.filter(({ type }) => type !== 'table').map(({ sql }) => `${sql};`))
  return `${lines.join('\n')}\n`
}

function inserts(db: DatabaseSync, table: string): string[] {
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
  const described = db.prepare(`SELECT name, hidden FROM pragma_table_xinfo(?)`).all(table)
  const columns = described
    .filter(({ hidden }) => hidden === 0)
    .map(({ name }) => quoted(String(name)))
  const values = columns.map((column) => `quote(${column})`).join(` || ',' || `)
  const rows = db.prepare(`SELECT ${values} AS row FROM ${quoted(table)}`).all()
  return rows.map(
    ({ row }) => `INSERT INTO ${quoted(table)} (${columns.join(',')}) VALUES(${String(row)});`,
  )
}
