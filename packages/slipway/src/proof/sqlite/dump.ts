import { quoteIdentifier, type Session } from '../../database/index.ts'
import { attempt } from '../../kernel/index.ts'
import { readRowTables, type RowTable } from '../../schema/index.ts'
import { readSqliteShapes } from '../../shadow/index.ts'

/** All rows of a table of a shadow database, which is small. */
export interface DumpedTable {
  readonly name: string
  /** Columns that are not generated. */
  readonly columns: readonly string[]
  /** The key of its `RowTable`. */
  readonly key: readonly string[]
  readonly rows: readonly DumpedRow[]
}

/** A row. Its values are SQL literals, which distinguish 1, '1' and 1.0, in the order of the columns. */
export interface DumpedRow {
  /** Identifies the row until its table is rebuilt; absent without a rowid. */
  readonly rowid?: string
  readonly values: readonly string[]
}

/** The rows of a database, by table name, and the values of its counters. */
export interface Dump {
  readonly tables: ReadonlyMap<string, DumpedTable>
  /** The last AUTOINCREMENT value of each table. */
  readonly counters: ReadonlyMap<string, number>
}

/** Reads all rows of the project's tables, including virtual tables that can be read. */
export async function readDump(session: Session): Promise<Dump> {
  const ordinary = await readRowTables(session)
  const virtual = (await readSqliteShapes(session)).filter((shape) => shape.virtual)
  const others = virtual.map(({ name, columns }): RowTable => {
    const own = columns.map((one) => ({ name: one.name, type: one.type, generated: false }))
    return { name, columns: own, key: [], unique: [], rowid: 'rowid' }
  })
  const tables: DumpedTable[] = []
  for (const table of [...ordinary, ...others]) tables.push(await readTable(session, table))
  return {
    tables: new Map(tables.map((table) => [table.name, table])),
    counters: await readCounters(session),
  }
}

async function readTable(
  session: Session,
  { name, columns, key, rowid }: RowTable,
): Promise<DumpedTable> {
  const stored = columns.filter(({ generated }) => !generated).map((one) => one.name)
  const selected = [
    rowid === undefined ? 'NULL' : quoteIdentifier(rowid),
    ...stored.map((one) => `quote(${quoteIdentifier(one)})`),
  ]
  const read = await attempt(() =>
    session.queryRaw(`SELECT ${selected.join(', ')} FROM ${quoteIdentifier(name)}`),
  )
  const rows = (read.ok ? read.value.rows : []).map(([first, ...values]): DumpedRow => {
    const own = { values: values.map((value) => value ?? 'NULL') }
    return first === null || first === undefined ? own : { ...own, rowid: first }
  })
  return { name, columns: stored, key, rows }
}

async function readCounters(session: Session): Promise<Map<string, number>> {
  const read = await attempt(() =>
    session.query<{ name: string; seq: number }>('SELECT name, seq FROM sqlite_sequence'),
  )
  return new Map(read.ok ? read.value.map(({ name, seq }) => [name, seq]) : [])
}
