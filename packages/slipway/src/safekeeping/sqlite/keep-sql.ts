import { balanced, quoteIdentifier, quoteText } from '../../database/index.ts'
import { type RowTable, separateRowid, type TableChange } from '../../schema/index.ts'

/** What of a table a migration may destroy. */
export interface Endangered {
  readonly change: TableChange
  /** Its rows may go. A dropped table keeps all of them whatever this says. */
  readonly rows: boolean
  /** Columns, by their names before, whose values may go: they are dropped, computed or updated. */
  readonly columns: readonly string[]
  /** Those of them that an UPDATE assigns. They identify no row. */
  readonly assigned: readonly string[]
  /** Rows may be inserted, which may get the rowids of others that are gone. */
  readonly grows: boolean
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
}

type KeepPart = Omit<KeepSql, 'ids'>

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
  return `_slipway_later_${column}`
}

/** Keeps what a migration destroys of tables: a copy before, of which afterwards only what was lost remains. */
export function keepSql(endangered: readonly Endangered[], place: KeepPlace): KeepSql {
  let id = place.firstId
  const parts = endangered.map((one): KeepPart => {
    const at = { ...place, id }
    id += 2
    return keepOne(one, at)
  })
  return {
    before: parts.map(({ before }) => before).join(''),
    after: parts.map(({ after }) => after).join(''),
    ids: id - place.firstId,
  }
}

interface Place extends KeepPlace {
  readonly id: number
}

function keepOne(endangered: Endangered, place: Place): KeepPart {
  const { before, after } = endangered.change
  if (before === undefined) return { before: '', after: '' }
  const columns = storedColumns(before)
  if (columns.length === 0) return unreadable(endangered, before, place)
  if (after === undefined) {
    const table = keptTable(place.id)
    const copy = `CREATE TABLE ${table} AS ${selectAll(before)};\n`
    const sequence = place.counters ? counterSql(before) : 'NULL'
    return {
      before:
        copy + recordSql(place, { ...endangered, kind: 'table', table: before, columns, sequence }),
      after: '',
    }
  }
  const parts = { before, after, columns }
  const identity = identityOf(endangered, parts)
  return identity === undefined
    ? keepContents(endangered, parts, place)
    : keepParts(endangered, { ...parts, identity }, place)
}

/** Of rows that nobody can read, the ledger has a record alone. */
function unreadable(endangered: Endangered, table: RowTable, place: Place): KeepPart {
  const why = 'its rows cannot be read: it is an index without content'
  const kind = endangered.change.after === undefined ? 'table' : 'rows'
  const record = { ...endangered, kind, table, columns: [], sequence: 'NULL', why } as const
  return { before: '', after: recordSql(place, record) }
}

/** A SELECT of all that a table stores, its rowids included. */
function selectAll(table: RowTable): string {
  return `SELECT ${withRowid(table, storedColumns(table))} FROM ${quoteIdentifier(table.name)}`
}

/** A list of columns, and the rowid before them where it is none of them. */
function withRowid(table: RowTable, columns: readonly string[]): string {
  const rowid = separateRowid(table)
  return (rowid === undefined ? '' : `${rowid} AS ${ROWID}, `) + list(columns)
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

/** The column of a copy that holds the rowid, where it is not a column of the table. */
export const ROWID = '_slipway_rowid'

interface Parts {
  readonly before: RowTable
  readonly after: RowTable
  /** The stored columns of `before`. */
  readonly columns: readonly string[]
}

/** A column by which a row is found again after the migration: in the copy from before, and in the table. */
interface Identity {
  readonly old: string
  readonly now: string
}

/** How rows are found again: by their key, or else by their rowid; nothing if they cannot be. */
function identityOf(
  { change, rows, assigned, grows }: Endangered,
  { before, after }: Parts,
): readonly Identity[] | undefined {
  const key = before.key.map((old) => {
    const found = change.columns.find((column) => column.before === old)
    const isSame = found?.exact && !assigned.includes(old)
    return isSame && found.after !== undefined ? { old, now: found.after } : undefined
  })
  if (key.length > 0 && key.every((one) => one !== undefined)) return key
  const [old, now] = [separateRowid(before), separateRowid(after)]
  const isLasting = !change.rebuilt && !(rows && grows)
  return !isLasting || old === undefined || now === undefined ? undefined : [{ old: ROWID, now }]
}

/** Keeps the rows that are gone, and the values that are gone or others of those that remain. */
function keepParts(
  { change, rows, columns: lost, statement, grows }: Endangered,
  { before, after, columns, identity }: Parts & { readonly identity: readonly Identity[] },
  place: Place,
): KeepPart {
  const image = `_slipway_image_${place.id}`
  const key = identity.map(({ old }) => old)
  const copied = [...new Set([...key, ...(rows ? columns : lost)])].filter((one) => one !== ROWID)
  const match = identity
    .map((one) => `t.${quoteIdentifier(one.now)} IS i.${quoteIdentifier(one.old)}`)
    .join(' AND ')
  const target = quoteIdentifier(after.name)
  const compared = { columns, change, key, image, target, match }
  const recorded = { change, rows, statement, table: before, key, sequence: 'NULL' }
  const [rowTable, columnTable] = [keptTable(place.id), keptTable(place.id + 1)]
  const parts: string[] = []
  if (rows && grows) parts.push(replacedSql({ ...compared, values: columns, copy: rowTable }))
  else if (rows)
    parts.push(
      `CREATE TABLE ${rowTable} AS SELECT i.* FROM ${image} i WHERE NOT EXISTS (SELECT 1 FROM ${target} t WHERE ${match});\n`,
    )
  if (rows) parts.push(recordSql(place, { ...recorded, kind: 'rows', columns }))
  if (lost.length > 0 && !(rows && grows)) {
    parts.push(valuesSql({ ...compared, values: lost, copy: columnTable }))
    parts.push(
      recordSql({ ...place, id: place.id + 1 }, { ...recorded, kind: 'columns', columns: lost }),
    )
  }
  return {
    before: `CREATE TABLE ${image} AS SELECT ${withRowid(before, copied)} FROM ${quoteIdentifier(before.name)};\n`,
    after: `${parts.join('')}DROP TABLE ${image};\n`,
  }
}

/**
 * Keeps the rows that are no longer there as they were, as often as they were: which row became which, nobody can tell.
 * Values of a column that is gone are gone with each row.
 */
function keepContents(
  endangered: Endangered,
  { before, after, columns }: Parts,
  place: Place,
): KeepPart {
  const image = `_slipway_image_${place.id}`
  const lasting = endangered.change.columns.flatMap((one) =>
    one.before !== undefined && one.after !== undefined && columns.includes(one.before)
      ? [{ old: one.before, now: one.after }]
      : [],
  )
  const textOf = (names: readonly string[]) =>
    balanced(
      names.map((name) => `quote(${quoteIdentifier(name)})`),
      "|| ',' ||",
    ) || "''"
  const then = textOf(lasting.map(({ old }) => old))
  const now = textOf(lasting.map((one) => one.now))
  const isGone = lasting.length < columns.length ? '' : ' WHERE n > coalesce(present, 0)'
  const record = {
    ...endangered,
    kind: 'rows',
    table: before,
    columns,
    key: [],
    sequence: 'NULL',
  } as const
  return {
    before: `CREATE TABLE ${image} AS ${selectAll(before)};\n`,
    after: `CREATE TABLE ${keptTable(place.id)} AS
WITH present_rows AS MATERIALIZED (SELECT ${now} AS text, count(*) AS present FROM ${quoteIdentifier(after.name)} GROUP BY 1)
SELECT ${list(columns, 'i.')} FROM (SELECT *, row_number() OVER (PARTITION BY ${then}) AS n, ${then} AS text FROM ${image}) i
LEFT JOIN present_rows p ON p.text = i.text${isGone};
${recordSql(place, record)}DROP TABLE ${image};\n`,
  }
}

interface ComparedParts {
  /** The columns that are kept. */
  readonly values: readonly string[]
  /** All that the table stored before. */
  readonly columns: readonly string[]
  readonly change: TableChange
  readonly key: readonly string[]
  readonly image: string
  readonly target: string
  readonly match: string
  /** The table in which they are kept. */
  readonly copy: string
}

/**
 * Values that are gone with their column, or are others now; of these the later value, too. VACUUM gives other rowids:
 * where they identify the rows, the later values of all columns are kept, which a row must have to be the one.
 */
function valuesSql(at: ComparedParts): string {
  const { values, columns, key, copy, image, target, match } = at
  const now = laterNames(at)
  const isLost = values.map((name) => changedSql(name, now.get(name)) ?? '1')
  const witnesses = key[0] === ROWID ? columns : values
  const selected = [...key.filter((name) => !values.includes(name)), ...values].map(
    (name) => `i.${quoteIdentifier(name)}`,
  )
  const later = laterSql(witnesses, now)
  return `CREATE TABLE ${copy} AS SELECT ${[...selected, ...later].join(', ')} FROM ${image} i JOIN ${target} t ON ${match}
WHERE ${balanced(isLost, 'OR')};\n`
}

/** The column of a copy that says of a row that it was gone, and not replaced. */
export const IS_GONE = '_slipway_gone'

/** Rows that are gone, or are there with other values: another row may have been inserted in their place. */
function replacedSql(at: ComparedParts): string {
  const { values, copy, image, target, match } = at
  const now = laterNames(at)
  const isLost = values.map((name) => changedSql(name, now.get(name)) ?? '1')
  const later = laterSql(values, now)
  // The table on the right has no row where this is NULL.
  const isGone = `t._slipway_there IS NULL`
  return `CREATE TABLE ${copy} AS SELECT ${['i.*', `${isGone} AS ${IS_GONE}`, ...later].join(', ')} FROM ${image} i
LEFT JOIN (SELECT 1 AS _slipway_there, * FROM ${target}) t ON ${match} WHERE ${balanced([isGone, ...isLost], 'OR')};\n`
}

/** The names of columns after the migration, by those before. */
function laterNames({ change: { columns } }: ComparedParts): ReadonlyMap<string, string> {
  return new Map(
    columns.flatMap(({ before, after }) =>
      before !== undefined && after !== undefined ? [[before, after] as const] : [],
    ),
  )
}

function changedSql(name: string, now: string | undefined): string | undefined {
  return now === undefined
    ? undefined
    : `i.${quoteIdentifier(name)} IS NOT t.${quoteIdentifier(now)}`
}

/** The later values of columns, as columns of a copy. */
function laterSql(names: readonly string[], nowOf: ReadonlyMap<string, string>): string[] {
  return names.flatMap((name) => {
    const now = nowOf.get(name)
    return now === undefined
      ? []
      : [`t.${quoteIdentifier(now)} AS ${quoteIdentifier(laterColumn(name))}`]
  })
}

interface Recorded extends Omit<Endangered, 'columns' | 'assigned' | 'grows'> {
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
