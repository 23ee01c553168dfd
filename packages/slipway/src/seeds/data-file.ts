import path from 'node:path'
import type { SeedRow, SeedValue } from './set.ts'

/** The formats of data files that Slipway writes. */
export type DataFormat = 'csv' | 'ndjson' | 'json'

/** What the text form of a value contains: `t` or `f`, digits, a JSON document, or any other text. */
export type TextKind = 'boolean' | 'number' | 'document' | 'text'

/** A field of a data file. */
export interface TextField {
  readonly field: string
  readonly kind: TextKind
}

/** The format of a data file, by its extension; undefined for files without plain rows, such as SQL. */
export function formatOf(file: string): DataFormat | undefined {
  switch (path.extname(file)) {
    case '.csv':
      return 'csv'
    case '.json':
      return 'json'
    case '.ndjson':
    case '.jsonl':
      return 'ndjson'
    default:
      return undefined
  }
}

/**
 * Writes rows, whose values are in the server's text form, as the text of a data file. Reading the file gives
 * the same rows. Lines end with LF, and the same rows always give the same bytes.
 */
export async function* dataText(
  format: DataFormat,
  fields: readonly TextField[],
  rows: AsyncIterable<SeedRow>,
): AsyncGenerator<string> {
  if (format === 'csv') yield csvLine(fields.map(({ field }) => field))
  let first = true
  for await (const row of rows) {
    switch (format) {
      case 'csv':
        yield csvLine(fields.map(({ field, kind }) => plainText(row[field], kind)))
        break
      case 'ndjson':
        yield `${jsonLine(fields, row)}\n`
        break
      case 'json':
        yield `${first ? '[\n' : ',\n'}  ${jsonLine(fields, row)}`
        break
    }
    first = false
  }
  if (format === 'json') yield first ? '[]\n' : '\n]\n'
}

/** An empty cell is NULL; a quoted empty cell is an empty string. */
function csvLine(cells: readonly (string | null)[]): string {
  return `${cells.map(csvCell).join(',')}\n`
}

function csvCell(text: string | null): string {
  if (text === null) return ''
  const plain = text !== '' && !/[",\r\n]|^\s|\s$|^\uFEFF/.test(text)
  return plain ? text : `"${text.replaceAll('"', '""')}"`
}

function plainText(value: SeedValue, kind: TextKind): string | null {
  if (typeof value !== 'string') return null
  return kind === 'boolean' ? (value === 't' ? 'true' : 'false') : value
}

function jsonLine(fields: readonly TextField[], row: SeedRow): string {
  const values = fields.map(
    ({ field, kind }) => `${JSON.stringify(field)}: ${jsonOf(row[field], kind)}`,
  )
  return `{ ${values.join(', ')} }`
}

/** Keeps numbers and documents unchanged, because they are read unchanged; other values become strings. */
function jsonOf(value: SeedValue, kind: TextKind): string {
  const text = plainText(value, kind)
  if (text === null) return 'null'
  if (kind === 'boolean') return text
  if (kind === 'document') return documentOf(text)
  if (kind === 'number' && JSON_NUMBER.test(text)) return text
  return JSON.stringify(text)
}

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** A document unchanged, if it can be one value on a line; otherwise its text in `{ "$json": "…" }`. */
function documentOf(text: string): string {
  const isPlain = text !== 'null' && !/[\r\n]|^\s|\s$|^\{\s*"\$json"/.test(text)
  return isPlain ? text : `{ "$json": ${JSON.stringify(text)} }`
}
