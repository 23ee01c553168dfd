import { quoteLiteral } from '../../database/index.ts'
import type { ShapeColumn } from '../shape.ts'
import { type ValueStyle, valueOf } from './generated-values.ts'

/** Builds the SQL of a column's value from the SQL of its row number, a bigint that counts from 0. */
export type Series = (row: string) => string

const CYCLE = 5

/** Values that differ from row to row, if the type has enough values; undefined for types without such a series. */
export function seriesOf(column: ShapeColumn): Series | undefined {
  if (column.array || column.labels.length > 0) return undefined
  return SERIES[column.base]?.(column)
}

/** Repeats the first few generated values of the column; undefined if the type is unknown. */
export function cycleOf(column: ShapeColumn, style: ValueStyle): Series | undefined {
  const values = Array.from({ length: CYCLE }, (_, row) =>
    // The array in the second row is empty.
    valueOf(column, column.array ? row + 2 : row, { style, distinct: false }),
  ).filter((value) => value !== undefined)
  if (values.length === 0) return undefined
  const list = values.map(quoteLiteral).join(', ')
  return (row) => `(ARRAY[${list}])[1 + ((${row}) % ${values.length})::int]`
}

const counting = () => (row: string) => `(${row}) + 1`

/** Digits, because a migration may change the column to a numeric type. */
function text({ length = 80 }: ShapeColumn): Series {
  return (row) =>
    length < 19 ? `right(lpad((${row})::text, ${length}, '0'), ${length})` : `(${row})::text`
}

function numeric({ precision = 12, scale = 2 }: ShapeColumn): Series {
  const digits = precision - scale
  if (digits >= 12) return counting()
  return (row) => `(${row}) % ${10 ** Math.max(digits, 0)}`
}

/** Later columns have later days, as in generated-values.ts. */
const moments =
  (type: string) =>
  ({ place }: ShapeColumn): Series =>
  (row) =>
    `${type} '2024-01-01' + interval '${place * 31} days' + (${row}) * interval '1 second'`

/** By PostgreSQL's internal name of the type. */
const SERIES: Readonly<Record<string, (column: ShapeColumn) => Series>> = {
  int2: () => (row) => `(${row}) % 32767 + 1`,
  int4: counting,
  int8: counting,
  float4: counting,
  float8: counting,
  numeric,
  text,
  varchar: text,
  bpchar: text,
  citext: text,
  uuid: () => (row) => `lpad(to_hex(${row}), 32, '0')`,
  date:
    ({ place }) =>
    (row) =>
      `date '2000-01-01' + ${place * 31} + ((${row}) % 30000)::int`,
  timestamp: moments('timestamp'),
  timestamptz: moments('timestamptz'),
  bytea: () => (row) => `decode(lpad(to_hex(${row}), 16, '0'), 'hex')`,
  inet: () => (row) => `inet '10.0.0.0' + (${row}) % 16777216`,
}
