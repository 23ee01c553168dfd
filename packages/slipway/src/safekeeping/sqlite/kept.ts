import type { Session } from '../../database/index.ts'
import type { Kept } from '../kept-data.ts'
import {
  IS_ADDED,
  IS_GONE,
  laterColumn,
  LEFT_OF,
  OTHERS,
  OTHERS_OF,
  ROWID,
} from './copy-columns.ts'
import { keptTable } from './keep-sql.ts'

/** An entry for kept data on a SQLite database. */
export interface SqliteKept extends Kept {
  /** The columns by which rows are matched. */
  readonly key: readonly string[]
  /** The columns that are kept. */
  readonly stored: readonly string[]
  /** Whether the copy also has the rowids. */
  readonly hasRowid: boolean
  /**
   * Whether the rows may exist with other values, because others may have been inserted in their place.
   */
  readonly isReplaced: boolean
  /**
   * The columns that show whether a whole row is as the migration left it; absent if each value is
   * compared on its own.
   */
  readonly left?: readonly string[]
  /** The columns that show whether a row may be a new one under the key of an old one; absent if none can be. */
  readonly others?: readonly string[]
  /** The columns whose later values are kept. */
  readonly later: ReadonlySet<string>
  /** The counter of AUTOINCREMENT at that time. */
  readonly sequence?: number
}

interface KeptRow {
  readonly id: number
  readonly migration: string
  readonly direction: string
  readonly statement: number
  readonly kind: Kept['kind']
  readonly table_name: string
  readonly columns: string
  readonly key: string
  readonly stored_as: string | null
  readonly why: string | null
  readonly rows: number | null
  readonly bytes: number | null
  readonly sequence: number | null
  readonly kept_at: string
  readonly restored_at: string | null
  readonly restored_rows: number | null
  readonly since_rows: number | null
}

/** All data that is or was kept on a SQLite database, oldest first; empty if none ever was. */
export async function readSqliteKept(session: Session): Promise<SqliteKept[]> {
  const tables = await session.query<{ name: string }>(
    `SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB '_slipway_kept*'`,
  )
  const names = new Set(tables.map(({ name }) => name))
  if (!names.has('_slipway_kept')) return []
  const rows = await session.query<Readonly<Record<string, unknown>>>(
    'SELECT * FROM _slipway_kept ORDER BY id',
  )
  const all: SqliteKept[] = []
  for (const row of rows as unknown as KeptRow[]) {
    const exists = names.has(keptTable(row.id))
    const stored = exists ? await storedColumns(session, row.id) : new Set<string>()
    const left = stored.has(LEFT_OF) ? await columnsIn(session, LEFT_OF, row.id) : undefined
    const others = stored.has(OTHERS_OF) ? await columnsIn(session, OTHERS_OF, row.id) : undefined
    const uncertain = others && row.restored_at !== null ? await uncertainIn(session, row.id) : 0
    all.push({
      ...keptFrom(row, stored),
      ...(left ? { left } : {}),
      ...(others ? { others } : {}),
      ...(uncertain > 0 ? { uncertain } : {}),
    })
  }
  return all
}

/** The number of restored rows that may be new ones. */
async function uncertainIn(session: Session, id: number): Promise<number> {
  const sql = `SELECT count(*) AS number FROM ${keptTable(id)} WHERE ${OTHERS} = 1`
  const [row] = await session.query<{ number: number }>(sql)
  return row?.number ?? 0
}

async function columnsIn(session: Session, column: string, id: number): Promise<string[]> {
  const sql = `SELECT ${column} AS names FROM ${keptTable(id)} LIMIT 1`
  const [row] = await session.query<{ names: string }>(sql)
  return JSON.parse(row?.names ?? '[]') as string[]
}

/** The ids of the ledger's tables with kept data, including those without an entry. */
export async function readKeptIds(session: Session): Promise<number[]> {
  const tables = await session.query<{ name: string }>(
    `SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB '_slipway_kept_[0-9]*'`,
  )
  return tables.map(({ name }) => Number(name.slice(keptTable('').length)))
}

async function storedColumns(session: Session, id: number): Promise<ReadonlySet<string>> {
  const rows = await session.query<{ name: string }>('SELECT name FROM pragma_table_xinfo($1)', [
    keptTable(id),
  ])
  return new Set(rows.map(({ name }) => name))
}

function keptFrom(row: KeptRow, stored: ReadonlySet<string>): SqliteKept {
  const columns = JSON.parse(row.columns) as string[]
  const key = JSON.parse(row.key) as string[]
  const isRestored = row.restored_at !== null
  return {
    id: row.id,
    migration: row.migration,
    statement: row.statement,
    kind: row.kind,
    inserted: stored.has(IS_ADDED),
    byRollback: row.direction === 'down',
    table: { kind: 'table', schema: null, name: row.table_name },
    columns: row.kind === 'columns' ? columns : [],
    state: row.why !== null ? 'not-kept' : isRestored ? 'restored' : 'kept',
    ...(row.why === null ? {} : { why: row.why }),
    // Without a key, it is unknown which current rows they are.
    returns: row.why === null && !(row.kind === 'rows' && key.length === 0),
    ...(row.rows === null ? {} : { rows: row.rows }),
    bytes: row.bytes ?? 0,
    keptAt: row.kept_at,
    ...(isRestored
      ? { restored: { rows: row.restored_rows ?? 0, since: row.since_rows ?? 0 } }
      : {}),
    key,
    stored: columns,
    hasRowid: stored.has(ROWID),
    isReplaced: stored.has(IS_GONE),
    later: laterOf(stored),
    ...(row.sequence === null ? {} : { sequence: row.sequence }),
  }
}

/** The columns whose later values a copy has. */
function laterOf(stored: ReadonlySet<string>): ReadonlySet<string> {
  const prefix = laterColumn('')
  const names = [...stored].filter((name) => name.startsWith(prefix))
  return new Set(names.map((name) => name.slice(prefix.length)))
}
