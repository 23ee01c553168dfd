import { digitsOf, documentSource, exactNumber, repeatedKey } from '../json-text.ts'
import type { SeedRow, SeedValue } from '../set.ts'
import type { TargetColumn } from '../target-tables.ts'

const NULL = String.raw`\N`

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** What rows hold: values of JavaScript or JSON, or texts as the server writes and CSV files contain them. */
export type RowForm = 'values' | 'texts'

type GivenValue = Exclude<SeedValue, null | undefined>

/** Writes a value as the server reads it for one column; throws what `unfitReason` knows if it cannot. */
type Encoder = (value: GivenValue) => string | null

/** Why a value does not fit, as the end of a sentence that begins with the name of its field; nothing for another error. */
export function unfitReason(error: unknown): string | undefined {
  const { unfit } = Object(error) as { readonly unfit?: string }
  return unfit
}

function refuseValue(unfit: string): never {
  throw Object.assign(new TypeError(unfit), { unfit })
}

/** Writes the named values of rows as lines of COPY's text format; `at` is the field that it wrote last. */
export interface LineWriter {
  readonly at: string
  line(row: SeedRow): string
}

/** Makes a writer of lines with these fields, each for its column. */
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

/** Most texts hold nothing to escape; asking first is much quicker than replacing. */
function escaped(text: string): string {
  if (!text.isWellFormed()) refuseValue('holds half of a surrogate pair, not a character')
  if (text.includes('\0')) refuseValue('holds a NUL character, which PostgreSQL cannot store')
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

/** A label of the database, or what Prisma Client calls it. */
function labelOf(text: string, labels: ReadonlyMap<string, string>): string {
  return labels.get(text) ?? text
}

function textOf(value: GivenValue): string {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`
  if (isDate(value)) return dateText(value, 'timestamp')
  if (typeof value === 'function' || typeof value === 'symbol')
    return refuseValue(`is a ${typeof value}`)
  if (typeof value !== 'object') return String(value)
  const own = digitsOf(value) ?? (asJson(value) as SeedValue)
  return typeof own === 'string' ? own : documentOf(own)
}

/** What an object gives as its JSON: of a Prisma.Decimal its digits. */
function asJson(value: object): unknown {
  const { toJSON } = value as { readonly toJSON?: unknown }
  return typeof toJSON === 'function' ? (toJSON.call(value) as unknown) : value
}

/** PostgreSQL reads hex after `\x`, and takes any other text as it is: base64 would become its own letters. */
function bytesText(text: string): string {
  if (text.startsWith(String.raw`\x`)) return text
  const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
  if (!isBase64) refuseValue(String.raw`is neither hex that begins with \x nor base64`)
  return `\\x${Buffer.from(text, 'base64').toString('hex')}`
}

function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === '[object Date]'
}

/** A Date in the form of its type; a year before 1 or after 9999 as PostgreSQL writes it. */
function dateText(date: Date, base: string): string {
  if (Number.isNaN(date.getTime())) return refuseValue('is not a valid date')
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

/** The JSON of a document. `{ $json: 'null' }` gives its text: how else to say that a document is null? */
function documentText(value: GivenValue, exact: boolean): string | null {
  const named = nullOf(value)
  if (named !== undefined) return named === 'JsonNull' ? 'null' : null
  if (typeof value !== 'object') return documentOf(value)
  if (isWrapped(value)) return value.$json
  if (!exact) refuseRepeatedKey(value)
  return documentSource(value) ?? documentOf(value)
}

function isWrapped(value: object): value is { readonly $json: string } {
  const [key, ...others] = Object.keys(value)
  return (
    key === '$json' && others.length === 0 && '$json' in value && typeof value.$json === 'string'
  )
}

/** Which null an object of Prisma Client means: `Prisma.JsonNull` or `Prisma.DbNull`. */
function nullOf(value: GivenValue): 'JsonNull' | 'DbNull' | undefined {
  if (typeof value !== 'object' || Array.isArray(value)) return undefined
  const name = (value as { readonly constructor?: { readonly name?: string } }).constructor?.name
  return name === 'JsonNull' || name === 'DbNull' ? name : undefined
}

function documentOf(value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value, (_key, inner: unknown) =>
      typeof inner === 'bigint' ? exactNumber(inner.toString()) : inner,
    )
  } catch {
    return refuseValue('contains itself')
  }
  return text ?? refuseValue('cannot be JSON')
}

function refuseRepeatedKey(value: GivenValue): void {
  const key = typeof value === 'object' ? repeatedKey(value, 'within') : undefined
  if (key !== undefined) refuseValue(`has the key ${JSON.stringify(key)} twice`)
}
