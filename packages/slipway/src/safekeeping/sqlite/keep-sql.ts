import { balanced, quoteIdentifier, quoteText } from '../../database/index.ts'
import type { RowTable, TableChange } from '../../schema/index.ts'

/** What of a table a migration may destroy. */
export interface Endangered {
  readonly change: TableChange
  /** Its rows may go. A dropped table keeps all of them whatever this says. */
  readonly rows: boolean
  /** Columns, by their names before, whose values may go: they are dropped, computed or updated. */
  readonly columns: readonly string[]
  /** Number of the statement that does it. */
  readonly statement: number
}

/** Where kept data belongs. */
export interface KeepPlace {
  readonly migration: string
  readonly direction: 'up' | 'down'
  /** The number of the first thing that is kept. */
  readonly firstId: number
  /** The database has counters of AUTOINCREMENT, in `sqlite_sequence`. */
  readonly counters: boolean
}

/** SQL that keeps what is destroyed, around the statements of a migration in its transaction. */
export interface KeepSql {
  readonly before: string
  readonly after: string
  /** How many numbers it uses. */
  readonly ids: number
  /** What it cannot keep, in words. */
  readonly notKept: readonly string[]
}

/** SQL that drops tables in which nothing was kept: nothing was lost. */
export function dropUnusedSql(ids: readonly number[]): string {
  return ids.map((id) => `DROP TABLE ${keptTable(id)};\n`).join('')
}

/** The table in which the ledger keeps data. */
export function keptTable(id: number | ''): string {
  return `_slipway_kept_${id}`
}

/** The name of a column that holds what a value was changed to. */
export function laterColumn(column: string): string {
  return `${column} later`
}

/** Keeps what a migration destroys of tables: a copy before, of which afterwards only what was lost remains. */
export function keepSql(endangered: readonly Endangered[], place: KeepPlace): KeepSql {
  let id = place.firstId
  const parts = endangered.map((one): Omit<KeepSql, 'ids'> => {
    const at = { ...place, id }
    id += 2
    return keepOne(one, at)
  })
  return {
    before: parts.map(({ before }) => before).join(''),
    after: parts.map(({ after }) => after).join(''),
    ids: id - place.firstId,
    notKept: parts.flatMap(({ notKept }) => notKept),
  }
}

interface Place extends KeepPlace {
  readonly id: number
}

function keepOne(endangered: Endangered, place: Place): Omit<KeepSql, 'ids'> {
  const { before, after } = endangered.change
  if (before === undefined) return { before: '', after: '', notKept: [] }
  const columns = storedColumns(before)
  if (after === undefined) {
    const table = keptTable(place.id)
    const copy = `CREATE TABLE ${table} AS SELECT ${list(columns)} FROM ${quoteIdentifier(before.name)};\n`
    const sequence = place.counters ? counterSql(before) : 'NULL'
    return {
      before:
        copy + recordSql(place, { ...endangered, kind: 'table', table: before, columns, sequence }),
      after: '',
      notKept: [],
    }
  }
  return keepParts(endangered, { before, after, columns }, place)
}

/** The counter of AUTOINCREMENT; rows that were deleted before count, too. */
function counterSql({ name }: RowTable): string {
  return `(SELECT seq FROM sqlite_sequence WHERE name = ${quoteText(name)})`
}

/** The columns that are stored: others, SQLite computes again. */
export function storedColumns({ columns }: RowTable): string[] {
  return columns.filter(({ generated }) => !generated).map(({ name }) => name)
}

function list(columns: readonly string[], prefix = ''): string {
  return columns.map((column) => prefix + quoteIdentifier(column)).join(', ')
}

/** The column of a copy that holds the rowid, where a table has no key. */
export const ROWID = '_slipway_rowid'

interface Parts {
  readonly before: RowTable
  readonly after: RowTable
  readonly columns: readonly string[]
}

function keepParts(
  { change, rows, columns: lost, statement }: Endangered,
  { before, after, columns }: Parts,
  place: Place,
): Omit<KeepSql, 'ids'> {
  const key = keyThrough(before, change)
  if (key === undefined) {
    const why = 'the table has no key, so its rows cannot be distinguished'
    const sql = recordSql(place, {
      change,
      rows,
      statement,
      kind: rows ? 'rows' : 'columns',
      table: before,
      columns: lost,
      sequence: 'NULL',
      why,
    })
    return { before: '', after: sql, notKept: [`${before.name}: ${why}`] }
  }
  const image = `_slipway_image_${place.id}`
  const [rowTable, columnTable] = [keptTable(place.id), keptTable(place.id + 1)]
  const copied = [...new Set([...key.map(({ old }) => old), ...(rows ? columns : lost)])]
  const source = key[0]?.old === ROWID ? `rowid AS ${ROWID}, ${list(columns)}` : list(copied)
  const match = key
    .map((one) => `t.${quoteIdentifier(one.now)} IS i.${quoteIdentifier(one.old)}`)
    .join(' AND ')
  const target = quoteIdentifier(after.name)
  const keyNames = key.map(({ old }) => old)
  const keepRows = rows
    ? `CREATE TABLE ${rowTable} AS SELECT i.* FROM ${image} i WHERE NOT EXISTS (SELECT 1 FROM ${target} t WHERE ${match});\n` +
      recordSql(place, {
        change,
        rows,
        statement,
        kind: 'rows',
        table: before,
        columns,
        key: keyNames,
        sequence: 'NULL',
      })
    : ''
  const values = lost.filter((name) => columns.includes(name))
  const keepValues =
    values.length === 0
      ? ''
      : valuesSql({ values, change, key: keyNames, image, target, match, columnTable }) +
        recordSql(
          { ...place, id: place.id + 1 },
          {
            change,
            rows,
            statement,
            kind: 'columns',
            table: before,
            columns: values,
            key: keyNames,
            sequence: 'NULL',
          },
        )
  return {
    before: `CREATE TABLE ${image} AS SELECT ${source} FROM ${quoteIdentifier(before.name)};\n`,
    after: `${keepRows}${keepValues}DROP TABLE ${image};\n`,
    notKept: [],
  }
}

interface KeyColumn {
  readonly old: string
  readonly now: string
}

/** How a row is found again after the migration; nothing if it cannot be. */
function keyThrough(
  before: RowTable,
  { columns, rebuilt }: TableChange,
): readonly KeyColumn[] | undefined {
  if (before.key.length === 0) {
    return before.hasRowid && !rebuilt ? [{ old: ROWID, now: 'rowid' }] : undefined
  }
  const key = before.key.map((old) => {
    const found = columns.find((column) => column.before === old)
    return found?.after !== undefined && found.exact ? { old, now: found.after } : undefined
  })
  return key.every((one) => one !== undefined) ? key : undefined
}

/** Values that are gone with their column, or are others now; of these the later value, too. */
function valuesSql(at: {
  readonly values: readonly string[]
  readonly change: TableChange
  readonly key: readonly string[]
  readonly image: string
  readonly target: string
  readonly match: string
  readonly columnTable: string
}): string {
  const laterOf = new Map(
    at.change.columns.flatMap(({ before, after }) =>
      before !== undefined && after !== undefined ? [[before, after] as const] : [],
    ),
  )
  const changed = at.values.map((name) => {
    const now = laterOf.get(name)
    return now === undefined
      ? { isLost: '1', selected: `i.${quoteIdentifier(name)}` }
      : {
          isLost: `i.${quoteIdentifier(name)} IS NOT t.${quoteIdentifier(now)}`,
          selected: `i.${quoteIdentifier(name)}, t.${quoteIdentifier(now)} AS ${quoteIdentifier(laterColumn(name))}`,
        }
  })
  const columns = [
    ...at.key
      .filter((name) => !at.values.includes(name))
      .map((name) => `i.${quoteIdentifier(name)}`),
    ...changed.map(({ selected }) => selected),
  ]
  return `CREATE TABLE ${at.columnTable} AS SELECT ${columns.join(', ')} FROM ${at.image} i JOIN ${at.target} t ON ${at.match}
WHERE ${balanced(
    changed.map(({ isLost }) => isLost),
    'OR',
  )};\n`
}

interface Recorded extends Omit<Endangered, 'columns'> {
  readonly kind: 'table' | 'rows' | 'columns'
  readonly table: RowTable
  readonly columns: readonly string[]
  readonly key?: readonly string[]
  /** SQL of the counter of the table. */
  readonly sequence: string
  readonly why?: string
}

/** The row of the ledger that names what is kept; none where nothing was lost. */
function recordSql({ id, migration, direction }: Place, recorded: Recorded): string {
  const { kind, table, columns, key = table.key, sequence, statement, why } = recorded
  const stored = keptTable(id)
  const values = [
    String(id),
    quoteText(migration),
    quoteText(direction),
    String(statement),
    quoteText(kind),
    quoteText(table.name),
    quoteText(JSON.stringify(columns)),
    quoteText(JSON.stringify(key)),
    why === undefined ? quoteText(stored) : 'NULL',
    why === undefined ? 'NULL' : quoteText(why),
    why === undefined ? `(SELECT count(*) FROM ${stored})` : 'NULL',
    why === undefined ? bytesSql(stored, columns) : 'NULL',
    sequence,
  ]
  const into = `INSERT INTO _slipway_kept (id, migration, direction, statement, kind, table_name, columns, key, stored_as, why, rows, bytes, sequence)`
  const condition = why === undefined ? ` WHERE EXISTS (SELECT 1 FROM ${stored})` : ''
  return `${into}\nSELECT ${values.join(', ')}${condition};\n`
}

/** How many bytes the kept values have, without what SQLite needs around them. */
function bytesSql(stored: string, columns: readonly string[]): string {
  const lengths = columns.map((name) => `coalesce(octet_length(${quoteIdentifier(name)}), 0)`)
  return `(SELECT sum(${balanced(lengths, '+') || '0'}) FROM ${stored})`
}
