import type { SeedRow, SeedValue } from '../set.ts'

const NULL = String.raw`\N`

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** What a value is to be in the end: a document, a list, or one thing. */
export type ColumnShape = 'json' | 'array' | 'plain'

/** The shape of a column by its type as the server prints it. */
export function shapeOf(type: string): ColumnShape {
  if (type === 'json' || type === 'jsonb') return 'json'
  return type.endsWith('[]') ? 'array' : 'plain'
}

/** The named values of a row as a line of COPY's text format. */
export function copyLine(
  row: SeedRow,
  fields: readonly string[],
  shapes: readonly ColumnShape[],
): string {
  let line = ''
  for (let at = 0; at < fields.length; at++) {
    if (at > 0) line += '\t'
    line += copyValue(row[fields[at] ?? ''], shapes[at] ?? 'plain')
  }
  return `${line}\n`
}

function copyValue(value: SeedValue, shape: ColumnShape): string {
  if (value === null || value === undefined) return NULL
  if (typeof value === 'number') return String(value)
  return escaped(textOf(value, shape))
}

/** Most texts hold nothing to escape; asking first is much quicker than replacing. */
function escaped(text: string): string {
  return /[\\\n\r\t]/.test(text)
    ? text.replaceAll(/[\\\n\r\t]/g, (found) => ESCAPES[found] ?? found)
    : text
}

function textOf(value: Exclude<SeedValue, null | undefined>, shape: ColumnShape): string {
  // A text for a JSON column is JSON already: in files there is no other way to write it.
  if (typeof value === 'string') return value
  if (typeof value === 'bigint' || typeof value === 'number') return String(value)
  if (typeof value === 'boolean') return value ? 't' : 'f'
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`
  if (shape === 'array' && Array.isArray(value)) return arrayText(value as readonly SeedValue[])
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'bigint' ? inner.toString() : inner,
  )
}

function arrayText(values: readonly SeedValue[]): string {
  const items = values.map((value) => {
    if (value === null || value === undefined) return 'NULL'
    if (Array.isArray(value)) return arrayText(value as readonly SeedValue[])
    return `"${textOf(value, 'plain').replaceAll(/["\\]/g, String.raw`\$&`)}"`
  })
  return `{${items.join(',')}}`
}
