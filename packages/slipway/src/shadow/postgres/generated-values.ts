import { assertNever } from '../../kernel/index.ts'
import type { ShapeColumn } from '../shape.ts'

/**
 * The style of a value: `edge` tries the limits of a type, `plain` a value that most checks accept, `sparse` the same
 * with NULLs, `hinted` a literal of the column's checks, `digits` a text of digits, `json` a text that is JSON.
 */
export type ValueStyle = 'edge' | 'sparse' | 'plain' | 'hinted' | 'digits' | 'json'

/**
 * The value of a column in a row, as the text of a literal; undefined if the type is unknown. If `distinct`, values of
 * different rows differ. The value is always the same for the same row: a foreign key gets the value that the row of
 * the other table has.
 */
export function valueOf(
  column: ShapeColumn,
  row: number,
  { style, distinct }: { readonly style: ValueStyle; readonly distinct: boolean },
): string | undefined {
  if (column.array) {
    const item = valueOf({ ...column, array: false }, 1, { style: 'plain', distinct: false })
    return item === undefined || row === 1
      ? '{}'
      : `{"${item.replaceAll(/["\\]/g, String.raw`\$&`)}"}`
  }
  if (column.attributes) return composite(column, row)
  if (column.labels.length > 0) return labelOf(column.labels, row, { style, distinct })
  return scalar(column, row, distinct && style === 'hinted' ? 'plain' : style)
}

/** A composite value with a value for each attribute; undefined if the type of one of them is unknown. */
function composite({ attributes = [], ...column }: ShapeColumn, row: number): string | undefined {
  const values = attributes.map((one) =>
    valueOf({ ...column, ...one, hints: [] }, row === 1 ? 0 : row, {
      style: 'plain',
      distinct: false,
    }),
  )
  if (values.includes(undefined)) return undefined
  const quoted = values.map((value = '') => `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`)
  return `(${quoted.join(',')})`
}

/** Plain rows have only one label of an enum, because a migration may remove others from it. */
function labelOf(
  labels: readonly string[],
  row: number,
  { style, distinct }: { readonly style: ValueStyle; readonly distinct: boolean },
): string | undefined {
  if (distinct || style === 'edge' || style === 'sparse') return labels[row % labels.length]
  return style === 'json' ? labels.at(-1) : labels[0]
}

function scalar(column: ShapeColumn, row: number, style: ValueStyle): string | undefined {
  const known = VALUES[column.base]
  if (known === undefined) return undefined
  const { edges, plain, digits, json } = known(column)
  switch (style) {
    case 'edge':
      return edges[row - 2] ?? plain(row)
    case 'hinted':
      return column.hints[row % column.hints.length] ?? plain(row)
    case 'digits':
      return digits?.(row) ?? plain(row)
    case 'json':
      return json?.(row) ?? plain(row)
    case 'sparse':
    case 'plain':
      return plain(row)
    default:
      return assertNever(style)
  }
}

interface Values {
  /** Limits of the type; used from the third row on. */
  readonly edges: readonly string[]
  readonly plain: (row: number) => string
  readonly digits?: (row: number) => string
  readonly json?: (row: number) => string
}

const numbers =
  (...edges: string[]) =>
  (): Values => ({ edges, plain: (row) => String(row + 1) })

function text({ length = 80 }: ShapeColumn): Values {
  const fit = (value: string) => value.slice(0, length)
  return {
    edges: ['', fit('Zoë’s 漢字 ✓'), 'x'.repeat(length)],
    // In a short column, rows still differ in the first character.
    plain: (row) => fit(`${String.fromCodePoint(97 + (row % 26))}${row}`),
    digits: (row) => String(10 ** Math.min(length - 1, 6) + row),
    json: (row) => (length < 16 ? String(row) : `{"n": ${row}}`),
  }
}

function numeric({ precision = 12, scale = 2 }: ShapeColumn): Values {
  const whole = '9'.repeat(Math.max(precision - scale, 0)) || '0'
  const most = scale > 0 ? `${whole}.${'9'.repeat(scale)}` : whole
  return {
    edges: ['0', `-${most}`, most],
    plain: (row) => (precision > scale ? String((row % 9) + 1) : '0'),
  }
}

const DAY_MS = 86_400_000
/** Later columns have later days: a table usually declares the start of something before its end. */
const day = (row: number, place = 0) =>
  new Date(Date.UTC(2024, 0, 1) + (place * 31 + row) * DAY_MS).toISOString().slice(0, 10)
const dates = ({ place }: ShapeColumn): Values => ({
  edges: ['0001-01-01', '1969-12-31', '9999-12-31'],
  plain: (row) => day(row, place),
})
const moments = ({ place }: ShapeColumn): Values => ({
  edges: ['1969-12-31 23:59:59', '2024-02-29 00:00:00', '9999-12-31 23:59:59'],
  plain: (row) => `${day(row, place)} 12:00:00`,
})
const only =
  (plain: (row: number) => string, ...edges: string[]) =>
  (): Values => ({ edges, plain })
const documents = only((row) => `{"n": ${row}}`, 'null', '[]', '{"ü": ["✓", null, -1.5]}')

/** By PostgreSQL's internal name of the type. */
const VALUES: Readonly<Record<string, (column: ShapeColumn) => Values>> = {
  int2: numbers('0', '-1', '32767'),
  int4: numbers('0', '-1', '2147483647'),
  int8: numbers('0', '-1', '9223372036854775807'),
  float4: numbers('0', '-1.5', '1e30'),
  float8: numbers('0', '-1.5', '1e300'),
  numeric,
  money: numbers('0', '-1.5', '1000000'),
  text: (column) => text(column),
  varchar: text,
  bpchar: text,
  citext: text,
  name: text,
  bool: only((row) => String(row % 2 === 0)),
  uuid: only((row) => `00000000-0000-4000-8000-${String(row).padStart(12, '0')}`),
  date: dates,
  timestamp: moments,
  timestamptz: moments,
  time: only((row) => `12:00:${String(row % 60).padStart(2, '0')}`, '00:00:00', '23:59:59'),
  timetz: only((row) => `12:00:${String(row % 60).padStart(2, '0')}+00`),
  interval: only((row) => `${row} days`, '0', '-1 day'),
  json: documents,
  jsonb: documents,
  bytea: only((row) => String.raw`\x0${(row % 9) + 1}`, String.raw`\x`, String.raw`\x00ff`),
  inet: only((row) => `10.0.0.${row}`, '::1'),
  cidr: only((row) => `10.0.${row}.0/24`),
  macaddr: only((row) => `08:00:2b:01:02:0${row % 10}`),
  xml: only((row) => `<n>${row}</n>`),
  bit: only(() => '0'),
  varbit: only((row) => (row % 2).toString()),
  tsvector: only((row) => `word${row}`, ''),
  point: only((row) => `(${row},${row})`),
  hstore: only((row) => `n=>${row}`, ''),
  ltree: only((row) => `a.b${row}`),
  int4range: only((row) => `[${row * 10},${row * 10 + 5})`, 'empty'),
  int8range: only((row) => `[${row * 10},${row * 10 + 5})`, 'empty'),
  numrange: only((row) => `[${row * 10},${row * 10 + 5})`, 'empty'),
  daterange: only((row) => `[${day(row)},${day(row)}]`),
  tsrange: only((row) => `["${day(row)} 10:00","${day(row)} 11:00")`),
  tstzrange: only((row) => `["${day(row)} 10:00+00","${day(row)} 11:00+00")`),
}
