import type { Row, Session } from '../../database/index.ts'

/** A table to dump, with what is needed to read its rows in the same order each time. */
export interface DumpedTable {
  readonly name: string
  readonly columns: readonly string[]
  /** A name of its rowid that is not a column name; absent if a column is the rowid, or if it has none. */
  readonly rowid?: string
  /** The columns by which its rows are sorted if `rowid` is absent. */
  readonly sortedBy: readonly string[]
}

/** A definition from `sqlite_schema`. */
export interface Definition {
  readonly type: 'table' | 'index' | 'view' | 'trigger'
  readonly name: string
  readonly sql: string
  readonly virtual: boolean
}

/** The objects of a database that are dumped. */
export interface DumpedObjects {
  /** The definitions, in an order in which they can be created. */
  readonly definitions: readonly Definition[]
  readonly tables: readonly DumpedTable[]
  readonly hasSequences: boolean
  readonly hasStatistics: boolean
}

/** A table that exists only during a restore into D1, and is never part of a backup. */
export const RESTORE_TABLE = '_slipway_restored'

/**
 * Excludes objects of SQLite itself, and Cloudflare's own in each D1 database, which cannot be read or
 * restored.
 */
const DUMPED = `m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND m.name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND m.name <> '${RESTORE_TABLE}'`

/** SQL that reads the definitions: type, name, text, and whether it is a virtual table. */
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

/**
 * Reads the objects to dump. `tables` includes the shadow tables of virtual tables, but not the virtual
 * tables.
 */
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
  // Generated columns are skipped, because their values are computed again.
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
