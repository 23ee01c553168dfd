import { isUtf8 } from 'node:buffer'
import { D1_TEXT_BYTES, quoteIdentifier, quoteText, type Session } from '../../database/index.ts'
import { must } from '../../kernel/index.ts'
import { refuseLimit } from './d1-limits.ts'
import { LongValues } from './long-values.ts'
import { type Definition, type DumpedTable, type DumpedObjects, RESTORE_TABLE } from './objects.ts'
import { insertedColumns, valueSql } from './remote-rows.ts'
import type { VirtualTable, VirtualTables } from './virtual-tables.ts'

/** The data that a script restores. */
export interface RestoredSource {
  /** The restored throw-away database. */
  readonly session: Session
  readonly objects: DumpedObjects
  readonly virtual: VirtualTables
  readonly excluded: ReadonlySet<string>
  /** Whether rows violate a CHECK constraint, as they did when they were backed up. */
  readonly breaksChecks: boolean
}

/** An existing object of the remote database. */
export interface RemoteObject {
  readonly type: 'table' | 'view' | 'trigger'
  readonly name: string
}

/** The longest script that fits into one JavaScript string, in characters. */
const SCRIPT = 500_000_000

/**
 * A script that drops the objects of a remote database and creates those of the backup. It runs as one
 * transaction with foreign keys disabled, and leaves `mark` in the database as proof that it ran. Fails with
 * BACKUP.D1_LIMIT.
 */
export function remoteScript(
  source: RestoredSource,
  dropped: readonly RemoteObject[],
  mark: string,
): string {
  const statements: string[] = []
  let length = 0
  for (const statement of scriptStatements(source, dropped, mark)) {
    if (Buffer.byteLength(statement) >= D1_TEXT_BYTES)
      refuseLimit(`A statement would have more than ${D1_TEXT_BYTES} bytes, which D1 rejects.`)
    if ((length += statement.length) > SCRIPT)
      refuseLimit('It contains more than 500 MB of SQL, the limit for one import.')
    statements.push(statement)
  }
  return statements.map(ended).join('\n')
}

/** Adds a semicolon, on a new line if the statement may end in a comment. */
function ended(statement: string): string {
  return statement.includes('--') ? `${statement}\n;` : `${statement};`
}

interface Writing extends RestoredSource {
  readonly long: LongValues
}

function* scriptStatements(
  given: RestoredSource,
  dropped: readonly RemoteObject[],
  mark: string,
): Generator<string> {
  const source: Writing = { ...given, long: new LongValues() }
  const { objects, virtual, excluded, breaksChecks } = source
  // The setting outlasts the transaction, so it is changed only if necessary.
  if (breaksChecks) yield 'PRAGMA ignore_check_constraints=ON'
  for (const { type, name } of dropped) yield `DROP ${type} IF EXISTS ${quoteIdentifier(name)}`
  yield `DROP TABLE IF EXISTS ${RESTORE_TABLE}`
  yield `CREATE TABLE ${RESTORE_TABLE} (id INTEGER, part INTEGER, bytes BLOB, PRIMARY KEY (id, part))`
  yield `INSERT INTO ${RESTORE_TABLE} VALUES (0, 0, ${quoteText(mark)})`
  const own = objects.definitions.filter(
    ({ name, virtual: isVirtual }) => !isVirtual && !virtual.shadows.has(name),
  )
  const of = (wanted: Definition['type']) =>
    own.filter(({ type }) => type === wanted).map(({ sql }) => sql)
  yield* of('table')
  const tables = objects.tables.filter(
    ({ name }) => !virtual.shadows.has(name) && !excluded.has(name),
  )
  for (const table of tables) yield* insertStatements(source, table)
  yield* of('index')
  yield* of('view')
  for (const table of virtual.tables) yield* virtualStatements(source, table)
  yield* ownStatements(source)
  // Triggers come after the rows, so that the script's inserts do not fire them.
  yield* of('trigger')
  yield `DELETE FROM ${RESTORE_TABLE} WHERE id > 0`
  if (breaksChecks) yield 'PRAGMA ignore_check_constraints=OFF'
}

function* virtualStatements(
  source: Writing,
  { definition, settings, rows, rebuild, isUnreadable }: VirtualTable,
): Generator<string> {
  const { name, sql } = definition
  if (isUnreadable)
    refuseLimit(
      `${name} is an index without content: its rows cannot be read, and D1 does not allow writes to the tables in which it stores its data.`,
    )
  yield sql
  yield* settings
  if (rows && !source.excluded.has(`${name}_content`)) yield* insertStatements(source, rows)
  if (rebuild !== undefined) yield rebuild
}

/** The rows of SQLite's internal tables, which exist only after statements that need them. */
function* ownStatements(source: Writing): Generator<string> {
  const { objects } = source
  const none = { sortedBy: ['rowid'] }
  if (objects.hasSequences) {
    yield 'CREATE TABLE _slipway_sequence (id INTEGER PRIMARY KEY AUTOINCREMENT)'
    yield 'DROP TABLE _slipway_sequence'
    yield 'DELETE FROM sqlite_sequence'
    const table = { name: 'sqlite_sequence', columns: ['name', 'seq'], ...none }
    yield* insertStatements(source, table)
  }
  if (objects.hasStatistics) {
    yield 'ANALYZE sqlite_schema'
    yield 'DELETE FROM sqlite_stat1'
    const table = { name: 'sqlite_stat1', columns: ['tbl', 'idx', 'stat'], ...none }
    yield* insertStatements(source, table)
  }
}

/** The maximum size of the rows of a statement, in bytes. The rest is for the column names. */
const ROWS_BYTES = 80_000
/** The maximum number of columns on D1. */
const COLUMNS = 100

function* insertStatements({ session, long }: Writing, table: DumpedTable): Generator<string> {
  if (table.columns.length > COLUMNS)
    refuseLimit(`${table.name} has ${table.columns.length} columns: D1 allows ${COLUMNS}.`)
  const head = `INSERT INTO ${quoteIdentifier(table.name)} (${insertedColumns(table).join(', ')}) VALUES\n`
  const limit = { table: table.name, maxBytes: ROWS_BYTES }
  let held: string[] = []
  let bytes = 0
  for (const literals of literalsOf(session, table)) {
    const { row, statements } = long.shortened(literals, limit)
    yield* statements
    const text = `(${row.join(',')})`
    const size = Buffer.byteLength(text) + 2
    if (bytes + size > ROWS_BYTES && held.length > 0) {
      yield head + held.join(',\n')
      held = []
      bytes = 0
    }
    held.push(text)
    bytes += size
  }
  if (held.length > 0) yield head + held.join(',\n')
}

/** The rows of a table, each as the literals of its values. */
function* literalsOf(session: Session, table: DumpedTable): Generator<readonly string[]> {
  const stream = must(session.stream, 'a session that streams')
  let given = 0
  for (const row of stream(literalsSql(table, false))) {
    if (!isUtf8(row)) {
      // A text value of this row is invalid; from here on, all text values are written as bytes.
      const rest = `${literalsSql(table, true)} LIMIT -1 OFFSET ${given}`
      for (const other of stream(rest)) yield parsed(other)
      return
    }
    given += 1
    yield parsed(row)
  }
}

function literalsSql(table: DumpedTable, hexadecimal: boolean): string {
  const values = insertedColumns(table).map((column) => valueSql(column, { hexadecimal }))
  const key = table.rowid ?? table.sortedBy.map(quoteIdentifier).join(', ')
  const order = key === '' ? '' : ` ORDER BY ${key}`
  return `SELECT CAST(json_array(${values.join(', ')}) AS BLOB) FROM ${quoteIdentifier(table.name)}${order}`
}

function parsed(row: Uint8Array): readonly string[] {
  return JSON.parse(Buffer.from(row).toString()) as readonly string[]
}
