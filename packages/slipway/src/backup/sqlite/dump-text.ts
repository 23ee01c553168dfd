import { quoteText, type Session } from '../../database/index.ts'
import type { DataSums, TableSum } from '../manifest.ts'
import type { Definition, DumpedObjects } from './objects.ts'
import { framed, LineSum, rowLines } from './row-lines.ts'

/** Settings that are stored in the header of a database file, not in its schema. */
export interface FileSettings {
  readonly encoding: string
  readonly pageSize: number
  readonly autoVacuum: number
  readonly userVersion: number
  readonly applicationId: number
  /** The size of the file. */
  readonly bytes: number
}

/** The contents of a database to dump. */
export interface DumpedDatabase {
  readonly session: Session
  readonly objects: DumpedObjects
  readonly settings: FileSettings
  /** Tables whose rows are skipped. */
  readonly excluded: ReadonlySet<string>
}

/**
 * Streams the whole dump: SQL that the `sqlite3` program reads into a new file. `onTable` receives the
 * checksum of each table. A virtual table is dumped as its definition and the rows of its shadow tables. Thus
 * data that cannot be read through it is restored too, such as a contentless index, and its module is not
 * needed.
 */
export async function* dumpText(
  database: DumpedDatabase,
  onTable: (sum: TableSum) => void,
): AsyncGenerator<Buffer> {
  const { objects } = database
  const { definitions, tables } = objects
  yield Buffer.from(headText(database))
  const isTable = ({ type }: Definition) => type === 'table'
  yield Buffer.from(definitions.filter(isTable).map(definitionText).join(''))
  for (const table of tables) {
    if (database.excluded.has(table.name)) continue
    const sum = new LineSum()
    yield* inChunks(rowLines(database.session, table, database.settings), sum)
    onTable({ schema: 'main', table: table.name, rows: sum.rows, sum: sum.digest() })
  }
  yield* ownRows(database)
  yield Buffer.from(
    definitions
      .filter((one) => !isTable(one))
      .map(definitionText)
      .join(''),
  )
  yield Buffer.from(tailText(database))
}

/** The checksums of the same rows in a restored database. */
export function sumTables({ session, objects, settings, excluded }: DumpedDatabase): TableSum[] {
  return objects.tables
    .filter(({ name }) => !excluded.has(name))
    .map((table) => {
      const sum = new LineSum()
      for (const line of rowLines(session, table, settings)) sum.add(line)
      return { schema: 'main', table: table.name, rows: sum.rows, sum: sum.digest() }
    })
}

/** The last AUTOINCREMENT value of each table. */
export async function readSequences({
  session,
  objects,
}: Pick<DumpedDatabase, 'session' | 'objects'>): Promise<DataSums['sequences']> {
  if (!objects.hasSequences) return {}
  const rows = await session.query<{ name: string | null; seq: string | null }>(
    'SELECT CAST(name AS TEXT) AS name, CAST(seq AS TEXT) AS seq FROM sqlite_sequence ORDER BY rowid',
  )
  return Object.fromEntries(rows.map(({ name, seq }) => [name ?? '', seq ?? '']))
}

const CHUNK = 1 << 16

async function* inChunks(lines: Iterable<Uint8Array>, sum: LineSum): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = []
  let bytes = 0
  for (const line of lines) {
    sum.add(line)
    held.push(line, BREAK)
    bytes += line.length + 1
    if (bytes < CHUNK) continue
    yield Buffer.concat(held)
    held = []
    bytes = 0
  }
  if (bytes > 0) yield Buffer.concat(held)
}

const BREAK = Buffer.from('\n')

/**
 * Settings that must precede the first table of a new file. CHECK is disabled, because stored rows may
 * violate it.
 */
function headText({ settings }: DumpedDatabase): string {
  const { encoding, pageSize, autoVacuum } = settings
  return `-- A backup by Slipway. SQLite's own program restores it: sqlite3 new.db
PRAGMA foreign_keys=OFF;
PRAGMA ignore_check_constraints=ON;
PRAGMA encoding='${encoding}';
PRAGMA page_size=${pageSize};
PRAGMA auto_vacuum=${autoVacuum};
BEGIN TRANSACTION;
`
}

/** SQL that restores a definition; for a virtual table, without needing its module. */
export function definitionText({ name, sql, virtual }: Definition): string {
  // A semicolon after a trailing comment would be part of the comment.
  const ended = sql.includes('--') ? `${sql}\n;` : `${sql};`
  if (!virtual) return `${framed(ended)}\n`
  const row = `INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES ('table', ${quoteText(name)}, ${quoteText(name)}, 0, ${quoteText(sql)});`
  return `PRAGMA writable_schema=ON;\n${framed(row)}\nPRAGMA writable_schema=OFF;\n`
}

/** The rows of SQLite's internal tables, which exist only after statements that need them. */
async function* ownRows({ session, objects, settings }: DumpedDatabase): AsyncGenerator<Buffer> {
  const none = { sortedBy: ['rowid'] }
  if (objects.hasSequences) {
    yield Buffer.from(`CREATE TABLE _slipway_sequence (id INTEGER PRIMARY KEY AUTOINCREMENT);
DROP TABLE _slipway_sequence;
DELETE FROM sqlite_sequence;\n`)
    const table = { name: 'sqlite_sequence', columns: ['name', 'seq'], ...none }
    yield* inChunks(rowLines(session, table, settings), new LineSum())
  }
  if (objects.hasStatistics) {
    yield Buffer.from('ANALYZE sqlite_schema;\nDELETE FROM sqlite_stat1;\n')
    const table = { name: 'sqlite_stat1', columns: ['tbl', 'idx', 'stat'], ...none }
    yield* inChunks(rowLines(session, table, settings), new LineSum())
  }
}

function tailText({ objects, settings }: DumpedDatabase): string {
  const { userVersion, applicationId } = settings
  // The connection must read the schema again to see the virtual tables.
  const reset = objects.definitions.some(({ virtual }) => virtual)
    ? 'PRAGMA writable_schema=RESET;\n'
    : ''
  return `PRAGMA user_version=${userVersion};
PRAGMA application_id=${applicationId};
COMMIT;
${reset}PRAGMA ignore_check_constraints=OFF;
${END}\n`
}

/** The last line of a dump. */
export const END = '-- The backup is complete.'
