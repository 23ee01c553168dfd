import { balanced, quoteIdentifier, type Row, type Session } from '../../database/index.ts'
import { must } from '../../kernel/index.ts'
import type { DumpedTable } from './objects.ts'

/**
 * Options for reading rows as text of SQL literals, because results arrive as JSON, without large integers
 * and bytes.
 */
export interface ValuesSql {
  /** Whether to read text as bytes, because JSON cannot contain invalid UTF-8. */
  readonly hexadecimal: boolean
}

/**
 * SQL of a literal for a value. `quote` alone truncates a string at a NUL, and drops the sign of a negative
 * zero.
 */
export function valueSql(column: string, { hexadecimal }: ValuesSql): string {
  const bytes = `'CAST(x'''||hex(${column})||''' AS TEXT)'`
  const text = hexadecimal
    ? bytes
    : `CASE WHEN instr(${column},char(0)) THEN ${bytes} ELSE quote(${column}) END`
  return `CASE typeof(${column}) WHEN 'text' THEN ${text} WHEN 'real' THEN CASE WHEN ${column}=0.0 AND atan2(${column},-1.0)<0 THEN '-0.0' ELSE quote(${column}) END ELSE quote(${column}) END`
}

/** The quoted columns of an INSERT, with the rowid unless a column is the rowid. */
export function insertedColumns({ columns, rowid }: DumpedTable): string[] {
  return [...(rowid === undefined ? [] : [rowid]), ...columns.map(quoteIdentifier)]
}

/** SQL of all rows of a table, each as literals separated by commas. */
export function allRowsSql(table: DumpedTable, how: ValuesSql): string {
  return `SELECT ${rowSql(table, how)} FROM ${source(table)}${ordered(table)}`
}

function rowSql(table: DumpedTable, how: ValuesSql): string {
  const values = insertedColumns(table).map((column) => valueSql(column, how))
  return balanced(
    values.flatMap((value, at) => (at === 0 ? [value] : ["','", value])),
    '||',
  )
}

function source({ name }: DumpedTable): string {
  return `${quoteIdentifier(name)} NOT INDEXED`
}

function keyOf({ rowid, sortedBy }: DumpedTable): string[] {
  return rowid === undefined ? sortedBy.map(quoteIdentifier) : [rowid]
}

function ordered(table: DumpedTable): string {
  const key = keyOf(table)
  return key.length === 0 ? '' : ` ORDER BY ${key.join(', ')}`
}

/** Whether JSON may have lost bytes of a string, because invalid UTF-8 arrives as this character. */
export function mayHaveLost(values: string): boolean {
  return values.includes('\uFFFD')
}

/** The approximate number of bytes that one query reads. D1 has 128 MB of memory in total. */
const PAGE_BYTES = 4 * 2 ** 20
/** A longer row is read in parts, because its literals would exceed the maximum length of a string on D1. */
const LONG_ROW_BYTES = 900_000
/** The number of rows measured at a time. */
const MEASURED = 20_000

/** Where a page begins: after a key, or after a number of rows if the table has no key. */
type Place = { readonly key: readonly string[] } | { readonly rows: number }

/** The rows of a table as literals, page by page. Rows are measured first, so that no page is too large. */
export async function* pagesOf(
  session: Session,
  table: DumpedTable,
): AsyncGenerator<readonly string[]> {
  let place: Place = { rows: 0 }
  for (;;) {
    const sizes = await measured(session, table, place)
    let measuredRows = 0
    for (const rows of pageLengths(sizes)) {
      const isLong = rows === 1 && (sizes[measuredRows] ?? 0) > LONG_ROW_BYTES
      const page = isLong
        ? await readLongRow(session, table, place)
        : await readPage(session, table, { place, rows })
      // Other sessions have deleted the remaining rows, so the copy is inconsistent; the bookmark will show
      // it.
      if (page.length === 0) return
      yield page.map(({ line }) => line)
      place = nextPlace(table, place, page)
      measuredRows += rows
    }
    if (sizes.length < MEASURED) return
  }
}

async function measured(session: Session, table: DumpedTable, place: Place): Promise<number[]> {
  const lengths = insertedColumns(table).map((column) => `ifnull(octet_length(${column}),4)`)
  const sql = `SELECT ${balanced(lengths, '+')} AS bytes FROM ${source(table)}${within(table, place, MEASURED)}`
  const rows = await session.query<{ bytes: number }>(sql)
  return rows.map(({ bytes }) => bytes)
}

/** The number of rows of each page. */
function pageLengths(sizes: readonly number[]): number[] {
  const lengths: number[] = []
  let rows = 0
  let bytes = 0
  for (const size of sizes) {
    if (rows > 0 && (bytes + size > PAGE_BYTES || Math.max(size, bytes / rows) > LONG_ROW_BYTES)) {
      lengths.push(rows)
      rows = 0
      bytes = 0
    }
    rows += 1
    bytes += size
  }
  return rows > 0 ? [...lengths, rows] : lengths
}

type Line = Row & { readonly line: string }

async function readPage(
  session: Session,
  table: DumpedTable,
  at: { readonly place: Place; readonly rows: number },
): Promise<Line[]> {
  const page = await session.query<Line>(pageSql(table, at, { hexadecimal: false }))
  if (!page.some(({ line }) => mayHaveLost(line))) return page
  return await session.query<Line>(pageSql(table, at, { hexadecimal: true }))
}

function pageSql(
  table: DumpedTable,
  { place, rows }: { readonly place: Place; readonly rows: number },
  how: ValuesSql,
): string {
  const line = `${rowSql(table, how)} AS line`
  const columns = [line, ...keySql(table, how)].join(', ')
  return `SELECT ${columns} FROM ${source(table)}${within(table, place, rows)}`
}

/** SQL of the key of a row, after which the next page begins. */
function keySql(table: DumpedTable, how: ValuesSql): string[] {
  return keyOf(table).map((column, at) => `${valueSql(column, how)} AS k${at}`)
}

function within(table: DumpedTable, place: Place, limit: number): string {
  const key = keyOf(table)
  if ('rows' in place) return `${ordered(table)} LIMIT ${limit} OFFSET ${place.rows}`
  const left = key.join(', ')
  // A unary plus removes the affinity that a CAST literal would have.
  const right = place.key.map((value) => `+${value}`).join(', ')
  return ` WHERE (${left}) > (${right})${ordered(table)} LIMIT ${limit}`
}

function nextPlace(table: DumpedTable, place: Place, page: readonly Line[]): Place {
  const key = keyOf(table)
  if (key.length === 0) return { rows: ('rows' in place ? place.rows : 0) + page.length }
  const last = must(page.at(-1), 'a page has rows')
  return { key: key.map((_, at) => String(last[`k${at}`])) }
}

/** A longer value is read in parts. */
const LONG_VALUE_BYTES = 50_000
/** The number of bytes of a part, which arrives as twice as many hex digits. */
const PART_BYTES = 500_000
/** The number of columns of a long row read at a time; D1 returns at most 100. */
const COLUMNS = 90

/** Reads the next row of a table, with long values one by one. */
async function readLongRow(session: Session, table: DumpedTable, place: Place): Promise<Line[]> {
  const from = `FROM ${source(table)}${within(table, place, 1)}`
  const how = { hexadecimal: true }
  const columns = insertedColumns(table)
  const values: string[] = []
  for (let first = 0; first < columns.length; first += COLUMNS) {
    const some = columns.slice(first, first + COLUMNS)
    const shown = some.map(
      (column, at) =>
        `CASE WHEN octet_length(${column}) > ${LONG_VALUE_BYTES} THEN '?' || typeof(${column}) ELSE ${valueSql(column, how)} END AS v${at}`,
    )
    const [row] = await session.query(`SELECT ${shown.join(', ')} ${from}`)
    if (row === undefined) return []
    for (const [at, column] of some.entries()) {
      const value = String(row[`v${at}`])
      values.push(
        value.startsWith('?') ? await readLongValue(session, column, { value, from }) : value,
      )
    }
  }
  const key = keySql(table, how)
  const [last] = key.length === 0 ? [] : await session.query(`SELECT ${key.join(', ')} ${from}`)
  return [{ ...last, line: values.join(',') }]
}

async function readLongValue(
  session: Session,
  column: string,
  { value, from }: { readonly value: string; readonly from: string },
): Promise<string> {
  let digits = ''
  for (let begin = 1; ; begin += PART_BYTES) {
    const part = `hex(substr(CAST(${column} AS BLOB), ${begin}, ${PART_BYTES}))`
    const [row] = await session.query<{ part: string }>(`SELECT ${part} AS part ${from}`)
    digits += row?.part ?? ''
    if ((row?.part.length ?? 0) < 2 * PART_BYTES) break
  }
  return value === '?text' ? `CAST(x'${digits}' AS TEXT)` : `X'${digits}'`
}
