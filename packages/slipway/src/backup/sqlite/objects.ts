import type { Row, Session } from '../../database/index.ts'

/** A table whose rows are dumped, with what is needed to read them in the same order each time. */
export interface DumpedTable {
  readonly name: string
  readonly columns: readonly string[]
  /** A name of its rowid that no column has; absent if a column is the rowid, or it has none. */
  readonly rowid?: string
  /** The columns by which its rows are sorted where it has no rowid. */
  readonly sortedBy: readonly string[]
}

/** A definition as the database has it. */
export interface Definition {
  readonly type: 'table' | 'index' | 'view' | 'trigger'
  readonly name: string
  readonly sql: string
  readonly virtual: boolean
}

/** What a dump of a database has. */
export interface DumpedObjects {
  /** In an order in which they can be created. */
  readonly definitions: readonly Definition[]
  readonly tables: readonly DumpedTable[]
  readonly hasSequences: boolean
  readonly hasStatistics: boolean
}

/** What a restore into D1 needs while it runs: no backup has it. */
export const RESTORE_TABLE = '_slipway_restored'

/** Not of SQLite itself, and not what Cloudflare keeps in each database of D1: it can be neither read nor restored there. */
const DUMPED = `m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND m.name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND m.name <> '${RESTORE_TABLE}'`

/** Reads the definitions: type, name, text, and whether it is a virtual table. */
export const DEFINITIONS = `
    SELECT m.type, m.name, m.sql, l.type IS 'virtual' AS virtual
    FROM sqlite_schema m LEFT JOIN pragma_table_list l ON l.schema = 'main' AND l.name = m.name AND m.type = 'table'
    WHERE m.sql IS NOT NULL AND ${DUMPED} AND ${DUMPED.replaceAll('m.name', 'm.tbl_name')}
    ORDER BY CASE m.type WHEN 'table' THEN 1 WHEN 'index' THEN 2 WHEN 'view' THEN 3 ELSE 4 END, m.rowid`

interface ColumnRow extends Row {
  readonly table: string
  readonly name: string
  readonly pk: number
}

interface TableRow extends Row {
  readonly name: string
  readonly wr: number
  readonly keyed: number
}

/** Reads what is dumped. The tables in which virtual ones keep their rows are among the tables, those themselves are not. */
export async function readObjects(session: Session): Promise<DumpedObjects> {
  const own = await session.query<{ name: string }>(
    `SELECT name FROM sqlite_schema WHERE name IN ('sqlite_sequence', 'sqlite_stat1')`,
  )
  const definitions = await session.query<Row & Omit<Definition, 'virtual'> & { virtual: number }>(
    DEFINITIONS,
  )
  const tables = await session.query<TableRow>(`
    SELECT m.name, l.wr, EXISTS (SELECT 1 FROM pragma_index_list(m.name) i WHERE i.origin = 'pk') AS keyed
    FROM sqlite_schema m JOIN pragma_table_list l ON l.schema = 'main' AND l.name = m.name
    WHERE m.type = 'table' AND l.type IN ('table', 'shadow') AND ${DUMPED} ORDER BY m.rowid`)
  // Values of generated columns are computed again.
  const columns = await session.query<ColumnRow>(`
    SELECT m.name AS "table", c.name, c.pk
    FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) c
    WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%' AND c.hidden = 0 AND ${DUMPED} ORDER BY m.rowid, c.cid`)
  return {
    definitions: definitions.map((one) => ({ ...one, virtual: Boolean(one.virtual) })),
    tables: tables.map((table) =>
      dumpedTable(
        table,
        columns.filter((column) => column.table === table.name),
      ),
    ),
    hasSequences: own.some(({ name }) => name === 'sqlite_sequence'),
    hasStatistics: own.some(({ name }) => name === 'sqlite_stat1'),
  }
}

function dumpedTable({ name, wr, keyed }: TableRow, columns: readonly ColumnRow[]): DumpedTable {
  const names = columns.map((column) => column.name)
  const key = columns.filter(({ pk }) => pk > 0).toSorted((one, other) => one.pk - other.pk)
  if (wr) return { name, columns: names, sortedBy: key.map((column) => column.name) }
  const taken = new Set(names.map((one) => one.toLowerCase()))
  const rowid = ['rowid', '_rowid_', 'oid'].find((one) => !taken.has(one))
  // A key without an index is the rowid itself.
  const isRowid = key.length === 1 && !keyed
  if (isRowid) return { name, columns: names, sortedBy: key.map((column) => column.name) }
  return { name, columns: names, sortedBy: [], ...(rowid === undefined ? {} : { rowid }) }
}
