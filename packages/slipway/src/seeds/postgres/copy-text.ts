import { digitsOf } from '../json-text.ts'
import type { SeedRow, SeedValue } from '../set.ts'
import type { TargetColumn } from '../target-tables.ts'
import {
  asJson,
  base64Bytes,
  documentOf,
  documentText,
  type GivenValue,
  isDate,
  labelOf,
  refuseRepeatedKey,
  rejectValue,
  type RowForm,
} from '../value-text.ts'

const NULL = String.raw`\N`

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/**
 * Encodes a value in the server's input form for one column; throws an error with an `unfitReason` if it
 * cannot.
 */
type Encoder = (value: GivenValue) => string | null

/** Writes rows as lines of COPY's text format; `at` is the field written last. */
export interface LineWriter {
  readonly at: string
  line(row: SeedRow): string
}

/** Creates a writer of lines with these fields, each encoded for its column. */
export function lineWriter(
  cells: readonly { readonly field: string; readonly column: TargetColumn }[],
  form: RowForm,
): LineWriter {
  const encoders = cells.map(({ column }) => encoderOf(column, form))
  const fields = cells.map(({ field }) => field)
  let at = ''
  return {
    get at() {
      return at
    },
    line(row) {
      let line = ''
      for (let index = 0; index < fields.length; index++) {
        at = fields[index] ?? ''
        if (index > 0) line += '\t'
        const value = row[at]
        const text = value === null || value === undefined ? null : encoders[index]?.(value)
        line += text === null || text === undefined ? NULL : escaped(text)
      }
      return `${line}\n`
    },
  }
}

/** Escapes a text. Most need no escaping, and testing first is much faster than replacing. */
function escaped(text: string): string {
  if (!text.isWellFormed()) rejectValue('contains an unpaired surrogate')
  if (text.includes('\0')) rejectValue('contains a NUL character, which PostgreSQL cannot store')
  return /[\\\n\r\t]/.test(text)
    ? text.replaceAll(/[\\\n\r\t]/g, (found) => ESCAPES[found] ?? found)
    : text
}

function encoderOf({ base, labels }: TargetColumn, form: RowForm): Encoder {
  if (form === 'values' && base.endsWith('[]')) {
    const element = elementEncoder(base.slice(0, -2), labels)
    const nested = !isDocument(base.slice(0, -2))
    return (value) => (Array.isArray(value) ? arrayText(value, element, nested) : textOf(value))
  }
  if (form === 'values') return elementEncoder(base, labels)
  if (base === 'bytea') return (value) => bytesText(textOf(value))
  return labels ? (value) => labelOf(textOf(value), labels) : textOf
}

function isDocument(base: string): boolean {
  return base === 'json' || base === 'jsonb'
}

function elementEncoder(base: string, labels: TargetColumn['labels']): Encoder {
  if (base === 'json') return (value) => documentText(value, true)
  if (base === 'jsonb') return (value) => documentText(value, false)
  return (value) => {
    refuseRepeatedKey(value)
    if (isDate(value)) return dateText(value, base)
    if (typeof value !== 'string') return textOf(value)
    if (base === 'bytea') return bytesText(value)
    return labels ? labelOf(value, labels) : value
  }
}

function textOf(value: GivenValue): string {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`
  if (isDate(value)) return dateText(value, 'timestamp')
  if (typeof value === 'function' || typeof value === 'symbol')
    return rejectValue(`is a ${typeof value}`)
  if (typeof value !== 'object') return String(value)
  const own = digitsOf(value) ?? (asJson(value) as SeedValue)
  return typeof own === 'string' ? own : documentOf(own)
}

/**
 * Converts base64 to hex: without `\x`, PostgreSQL would store the characters of the base64 text as bytes.
 */
function bytesText(text: string): string {
  if (text.startsWith(String.raw`\x`)) return text
  return `\\x${base64Bytes(text).toString('hex')}`
}

/** A Date in the form of its type, with years before 1 or after 9999 in PostgreSQL's form. */
function dateText(date: Date, base: string): string {
  if (Number.isNaN(date.getTime())) return rejectValue('is not a valid date')
  const [, sign, year = '', rest = ''] = /^([+-]?)(\d+)(.*)$/.exec(date.toISOString()) ?? []
  const [day = '', time = ''] = rest.split('T')
  if (base.startsWith('time ')) return base.includes('without') ? time.slice(0, -1) : time
  const isBefore = sign === '-' || Number(year) === 0
  const number = String(isBefore ? 1 + Number(year) : Number(year)).padStart(4, '0')
  return `${number}${day}${base === 'date' ? '' : `T${time}`}${isBefore ? ' BC' : ''}`
}

function arrayText(values: readonly SeedValue[], element: Encoder, nested: boolean): string {
  const items = values.map((value) => {
    if (value === null || value === undefined) return 'NULL'
    if (nested && Array.isArray(value)) return arrayText(value, element, nested)
    const text = element(value)
    return text === null ? 'NULL' : `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`
  })
  return `{${items.join(',')}}`
}
