import { quoteIdentifier, type Session } from '../../database/index.ts'
import { isPossible } from '../../schema/index.ts'
import type { Definition, DumpedTable } from './objects.ts'

/**
 * How to copy a virtual table with SQL alone, without writing to its shadow tables, which D1 does not allow.
 */
export interface VirtualTable {
  readonly definition: Definition
  /** The rows to insert into it; absent if it has none of its own. */
  readonly rows?: DumpedTable
  /** SQL that configures it, before its first row. */
  readonly settings: readonly string[]
  /** SQL that fills it from the table whose content it indexes. */
  readonly rebuild?: string
  /** Whether it has rows that cannot be read, as a contentless FTS5 index has. */
  readonly isUnreadable: boolean
}

/** The virtual tables of a database. */
export interface VirtualTables {
  readonly tables: readonly VirtualTable[]
  /** Their shadow tables, which store their data. */
  readonly shadows: ReadonlySet<string>
  /** The shadow tables whose content changes, because indexes are rebuilt. */
  readonly rebuilt: ReadonlySet<string>
}

/**
 * Reads how to fill virtual tables. Tries in SQLite whether each index can be rebuilt, without changing
 * anything.
 */
export async function readVirtualTables(
  session: Session,
  definitions: readonly Definition[],
): Promise<VirtualTables> {
  const rows = await session.query<{ name: string }>(
    `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'`,
  )
  const shadows = new Set(rows.map(({ name }) => name))
  const tables: VirtualTable[] = []
  for (const definition of definitions.filter(({ virtual }) => virtual))
    tables.push(await virtualTable(session, definition, shadows))
  const kept = new Set(tables.map(({ definition }) => `${definition.name}_content`))
  return { tables, shadows, rebuilt: new Set([...shadows].filter((name) => !kept.has(name))) }
}

async function virtualTable(
  session: Session,
  definition: Definition,
  shadows: ReadonlySet<string>,
): Promise<VirtualTable> {
  const { name } = definition
  const base = { definition, settings: [], isUnreadable: false }
  if (shadows.has(`${name}_node`)) {
    const columns = await columnsOf(session, name)
    return { ...base, rows: { name, columns, sortedBy: columns.slice(0, 1) } }
  }
  if (!shadows.has(`${name}_config`)) return base
  const settings = await readSettings(session, name)
  const rebuild = `INSERT INTO ${quoteIdentifier(name)} (${quoteIdentifier(name)}) VALUES ('rebuild')`
  if (!(await isPossible(session, rebuild)))
    return { ...base, settings, isUnreadable: await hasTerms(session, name) }
  if (!shadows.has(`${name}_content`)) return { ...base, settings, rebuild }
  const columns = await columnsOf(session, name)
  return { ...base, settings, rows: { name, columns, rowid: 'rowid', sortedBy: [] } }
}

async function columnsOf(session: Session, table: string): Promise<string[]> {
  const sql = 'SELECT name FROM pragma_table_xinfo($1) WHERE hidden = 0 ORDER BY cid'
  const rows = await session.query<{ name: string }>(sql, [table])
  return rows.map(({ name }) => name)
}

/** SQL of the settings of an FTS5 table that were changed after its creation. */
async function readSettings(session: Session, name: string): Promise<string[]> {
  const table = quoteIdentifier(name)
  const rows = await session.query<{ setting: string }>(
    `SELECT quote(k) || ', ' || quote(v) AS setting FROM ${quoteIdentifier(`${name}_config`)} WHERE k <> 'version'`,
  )
  return rows.map(({ setting }) => `INSERT INTO ${table} (${table}, rank) VALUES (${setting})`)
}

/**
 * Whether an FTS5 index has entries; IDs up to 10 are FTS5's own. Source: sqlite.org/fts5.html, "The %_data
 * table".
 */
async function hasTerms(session: Session, name: string): Promise<boolean> {
  const rows = await session.query(
    `SELECT 1 FROM ${quoteIdentifier(`${name}_data`)} WHERE id > 10 LIMIT 1`,
  )
  return rows.length > 0
}
