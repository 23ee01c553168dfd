import { assertNever } from '../../kernel/index.ts'
import type { SqliteColumn } from './shape.ts'

/** Like PostgreSQL's `ValueStyle`; but `edge` tries values that conversions change, `beyond` exceeds a literal. */
export type SqliteValueStyle = 'edge' | 'sparse' | 'plain' | 'hinted' | 'beyond' | 'digits' | 'json'

/** The properties of a wanted value. */
export interface Wanted {
  readonly style: SqliteValueStyle
  /** Whether values of different rows must differ. */
  readonly distinct: boolean
  /** Whether the table is STRICT: it accepts no value of another type. */
  readonly strict: boolean
}

/** The value of a column in a row, as SQL; always the same for the same row. */
export function sqliteValueOf(
  column: SqliteColumn,
  row: number,
  { style, distinct, strict }: Wanted,
): string {
  const { labels, hints } = column
  if (labels.length > 0 && !distinct) {
    if (style === 'json') return labels.at(-1) ?? 'NULL'
    return labels[style === 'plain' ? 0 : row % labels.length] ?? 'NULL'
  }
  const { edges, plain, digits = plain, json = plain } = valuesOf(column, strict)
  switch (style) {
    case 'edge':
      return (distinct ? undefined : edges[row - 2]) ?? plain(row)
    case 'hinted':
      return (distinct ? hints[row] : hints[row % hints.length]) ?? plain(row)
    case 'beyond':
      return beyond(hints.at(-1), row) ?? plain(row)
    case 'digits':
      return digits(row)
    case 'json':
      return json(row)
    case 'sparse':
    case 'plain':
      return plain(row)
    default:
      return assertNever(style)
  }
}

/** A number for a check that requires more than the one in its text. */
function beyond(hint: string | undefined, row: number): string | undefined {
  const number = Number(hint)
  return hint === undefined || Number.isNaN(number) ? undefined : String(number + row + 1)
}

interface Values {
  /** Used from the third row on. */
  readonly edges: readonly string[]
  readonly plain: (row: number) => string
  readonly digits?: (row: number) => string
  readonly json?: (row: number) => string
}

const DAY_MS = 86_400_000
const number = (row: number) => String(row + 1)
const letter = (row: number) => String.fromCodePoint(97 + (row % 26))
const text = (value: string) => `'${value.replaceAll("'", "''")}'`

/** By the type names that Prisma and people use in declarations, or else by SQLite's affinity. */
function valuesOf({ type, affinity, place }: SqliteColumn, strict: boolean): Values {
  if (type.includes('BOOL')) return { edges: [], plain: (row) => String((row + 1) % 2) }
  if (type.includes('DATE') || type.includes('TIME')) return moments(place)
  if (type.includes('JSON')) return DOCUMENTS
  switch (affinity) {
    case 'INTEGER':
      return { edges: ['0', '-1', '9223372036854775807'], plain: number }
    case 'REAL':
      return { edges: ['0.30000000000000004', '-1.5', '1e300'], plain: number }
    case 'NUMERIC':
      return { edges: ['0.30000000000000004', '-9.99', '12345678901234567'], plain: number }
    case 'TEXT':
      return TEXTS
    case 'BLOB':
      return strict && type === 'BLOB' ? { ...BLOBS, edges: [`x''`, `x'00ff'`] } : BLOBS
    default:
      return assertNever(affinity)
  }
}

/** `'007'` would change in a column with numeric affinity. */
const TEXTS: Values = {
  edges: [`''`, `'007'`, text('Zoë’s 漢字 ✓')],
  plain: (row) => text(`${letter(row)}${row}`),
  digits: (row) => `'${1_000_000 + row}'`,
  json: (row) => `'{"n": ${row}}'`,
}

const BLOBS: Values = {
  edges: [`x''`, `x'00ff'`, `'7'`],
  plain: (row) => `x'0${(row % 9) + 1}${(row % 9) + 1}f'`,
}

const DOCUMENTS: Values = {
  edges: [`'null'`, `'[]'`, `'{"ü": ["✓", null, -1.5]}'`],
  plain: (row) => `'{"n": ${row}}'`,
}

/**
 * Milliseconds, as Prisma writes them; the edges are texts, as Prisma writes them to D1 and as SQLite's own default
 * does. Later columns have later days.
 */
function moments(place: number): Values {
  return {
    edges: [`'2024-02-29T00:00:00.000+00:00'`, `'2024-02-29 12:00:00'`, '-1'],
    plain: (row) => String(Date.UTC(2024, 0, 1) + (place * 31 + row) * DAY_MS),
  }
}
