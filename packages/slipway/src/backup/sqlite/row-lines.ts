import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { balanced, quoteIdentifier, quoteText, type Session } from '../../database/index.ts'
import { must } from '../../kernel/index.ts'
import type { DumpedTable } from './objects.ts'

/** Options for reading the text values of a database. */
export interface TextReading {
  /** SQLite's name of the encoding: `UTF-8`, `UTF-16le`, `UTF-16be`. */
  readonly encoding: string
}

/**
 * The rows of a table as INSERT statements, one per line, in an order that depends only on the rows. Values
 * are exact: SQLite reads the same values from the line.
 */
export function* rowLines(
  session: Session,
  table: DumpedTable,
  { encoding }: TextReading,
): Generator<Uint8Array> {
  const stream = must(session.stream, 'a session that streams')
  const isWide = encoding !== 'UTF-8'
  let given = 0
  for (const line of stream(selectSql(table, { hexadecimal: isWide }))) {
    if (!isWide && !isUtf8(line)) {
      // A text value of this row is invalid; from here on, all text values are written as bytes.
      const rest = `${selectSql(table, { hexadecimal: true })} LIMIT -1 OFFSET ${given}`
      yield* stream(rest)
      return
    }
    given += 1
    yield isWide ? asUtf8(line, encoding) : line
  }
}

function asUtf8(line: Uint8Array, encoding: string): Uint8Array {
  const bytes = Buffer.from(line)
  return Buffer.from((encoding === 'UTF-16be' ? bytes.swap16() : bytes).toString('utf16le'))
}

function selectSql(
  { name, columns, rowid, sortedBy }: DumpedTable,
  how: { readonly hexadecimal: boolean },
): string {
  const quoted = [...(rowid === undefined ? [] : [rowid]), ...columns.map(quoteIdentifier)]
  const head = `INSERT INTO ${quoteIdentifier(name)} (${quoted.join(', ')}) VALUES (`
  const values = quoted.flatMap((column, at) => [
    ...(at === 0 ? [] : ["','"]),
    column === rowid ? column : literalSql(column, how),
  ])
  const line = balanced([quoteText(framed(head)), ...values, "');'"], '||')
  const order = rowid === undefined ? sortedBy.map(quoteIdentifier) : [rowid]
  const sorted = order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`
  return `SELECT CAST(${line} AS BLOB) FROM ${quoteIdentifier(name)} NOT INDEXED${sorted}`
}

/**
 * Precedes a multi-line statement by its number of lines, so that a reader of the dump need not parse SQL.
 */
export function framed(statement: string): string {
  const lines = statement.split('\n').length
  return lines === 1 ? statement : `${FRAME}${lines}\n${statement}`
}

/** The prefix of a line with the number of lines of the next statement. */
export const FRAME = '-- lines: '

/**
 * SQL of a literal for a value, on one line. `quote` alone truncates a string at a NUL, and drops the sign of
 * a negative zero. A string with line breaks is written as the `sqlite3` program does.
 */
function literalSql(column: string, { hexadecimal }: { readonly hexadecimal: boolean }): string {
  const bytes = `'CAST(x''' || hex(${column}) || ''' AS TEXT)'`
  const breaks = `instr(${column}, char(10))`
  const text = hexadecimal
    ? bytes
    : `CASE WHEN instr(${column}, char(0)) OR (${breaks} AND instr(${column}, '\\n')) THEN ${bytes}
      WHEN ${breaks} THEN 'replace(' || replace(quote(${column}), char(10), '\\n') || ',''\\n'',char(10))'
      ELSE quote(${column}) END`
  return `CASE typeof(${column}) WHEN 'text' THEN ${text}
    WHEN 'real' THEN CASE WHEN ${column} = 0.0 AND atan2(${column}, -1.0) < 0 THEN '-0.0' ELSE quote(${column}) END
    ELSE quote(${column}) END`
}

/** Counts lines and computes their checksum. */
export class LineSum {
  rows = 0
  readonly #hash = createHash('sha256')

  add(line: Uint8Array): void {
    this.rows += 1
    this.#hash.update(line).update('\n')
  }

  digest(): string {
    return this.#hash.digest('hex')
  }
}
