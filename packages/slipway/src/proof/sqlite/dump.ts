import { quoteIdentifier, type Session } from '../../database/index.ts'
import { attempt } from '../../kernel/index.ts'
import { readRowTables, type RowTable } from '../../schema/index.ts'
import { readSqliteShapes } from '../../shadow/index.ts'

/** All rows of a table of a shadow database, which is small. */
export interface DumpedTable {
  readonly name: string
  /** Columns that hold values of their own. */
  readonly columns: readonly string[]
  /** As `RowTable` has it. */
  readonly key: readonly string[]
  readonly rows: readonly DumpedRow[]
}

/** A row: its values as SQL, which tells 1 from '1' and 1.0, in the order of the columns. */
export interface DumpedRow {
  /** What identifies it as long as its table is not rebuilt; absent without a rowid. */
  readonly rowid?: string
  readonly values: readonly string[]
}

/** The rows of a database, by the names of their tables, and where its counters are. */
export interface Dump {
  readonly tables: ReadonlyMap<string, DumpedTable>
  /** What AUTOINCREMENT has given last, by table. */
  readonly counters: ReadonlyMap<string, number>
}

/** Reads all rows of the tables of a project, of virtual ones as far as they have any to read. */
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
