import { quoteText } from '../../database/index.ts'
import { digitsOf } from '../json-text.ts'
import type { SeedValue } from '../set.ts'
import type { TargetColumn } from '../target-tables.ts'
import {
  asJson,
  base64Bytes,
  documentOf,
  documentText,
  type GivenValue,
  isDate,
  refuseRepeatedKey,
  rejectValue,
  type RowForm,
} from '../value-text.ts'

/** Writes a value as an SQL literal for one column; throws an error with an `unfitReason` if it cannot. */
export type LiteralWriter = (value: GivenValue) => string

/**
 * The kind of values that a column may contain: SQLite accepts any value in any column, but Prisma Client
 * does not.
 */
export type Kind =
  | 'boolean'
  | 'integer'
  | 'float'
  | 'decimal'
  | 'time'
  | 'bytes'
  | 'document'
  | 'text'
  | 'any'

/** The kind of a column by its declared type, as in Prisma's SQLite connector. */
export function kindOf({ base }: TargetColumn): Kind {
  if (base.startsWith('bool')) return 'boolean'
  if (/^(?:datetime|timestamp)/.test(base)) return 'time'
  if (/^jsonb?\b/.test(base)) return 'document'
  if (/blob|bytea|binary/.test(base)) return 'bytes'
  if (base.includes('int')) return 'integer'
  if (/real|floa|doub/.test(base)) return 'float'
  if (/^(?:dec|numeric)/.test(base)) return 'decimal'
  return /char|clob|text/.test(base) ? 'text' : 'any'
}

/** Whether a column contains timestamps. */
export function isTime(column: TargetColumn): boolean {
  return kindOf(column) === 'time'
}

/** The affinity of a declared type, as a type. Source: sqlite.org/datatype3.html, 3.1. */
export function affinityOf({ base }: TargetColumn): string {
  if (base.includes('int')) return 'INTEGER'
  if (/char|clob|text/.test(base)) return 'TEXT'
  // An ANY column of a STRICT table stores each value unchanged.
  if (base === '' || base === 'any' || base.includes('blob')) return 'BLOB'
  return /real|floa|doub/.test(base) ? 'REAL' : 'NUMERIC'
}

/** How the values of a column are written. */
export interface LiteralOptions {
  readonly form: RowForm
  /**
   * Timestamps are milliseconds since 1970, as older versions of Prisma Client write them, instead of text.
   */
  readonly timesAreNumbers: boolean
}

/** Creates the literal writer of a column. */
export function literalWriter(column: TargetColumn, options: LiteralOptions): LiteralWriter {
  switch (kindOf(column)) {
    case 'boolean':
      return booleanLiteral
    case 'integer':
      return integerLiteral
    case 'float':
      return floatLiteral
    case 'decimal':
      return decimalLiteral
    case 'time':
      return (value) => timeLiteral(value, options.timesAreNumbers)
    case 'bytes':
      return bytesLiteral
    case 'document':
      return (value) => documentLiteral(value, options.form)
    case 'text':
      return (value) => textLiteral(labelIn(column, textOf(value)))
    case 'any':
      return anyLiteral
  }
}

function labelIn({ labels }: TargetColumn, text: string): string {
  return labels?.get(text) ?? text
}

function textLiteral(text: string): string {
  if (!text.isWellFormed()) rejectValue('contains an unpaired surrogate')
  if (text.includes('\0')) rejectValue('contains a NUL character, at which SQLite ends a string')
  return quoteText(text)
}

const TRUTHS: ReadonlyMap<string, string> = new Map([
  ...['true', 't', 'yes', 'on', '1'].map((text) => [text, '1'] as const),
  ...['false', 'f', 'no', 'off', '0'].map((text) => [text, '0'] as const),
])

function booleanLiteral(value: GivenValue): string {
  return TRUTHS.get(textOf(value).toLowerCase()) ?? rejectValue('is neither true nor false')
}

const [LEAST, GREATEST] = [-(2n ** 63n), 2n ** 63n - 1n]

function integerLiteral(value: GivenValue): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  const text = textOf(value).trim()
  if (!/^[+-]?\d+$/.test(text)) return rejectValue('is not a whole number')
  const number = BigInt(text)
  if (number < LEAST || number > GREATEST) rejectValue('is not within 64 bits')
  // The smallest number has no literal, because its sign is an operator.
  return number === LEAST ? `(${LEAST + 1n} - 1)` : String(number)
}

function floatLiteral(value: GivenValue): string {
  const number = Number(numberText(value))
  if (Number.isNaN(number)) return rejectValue('is not a number that SQLite can store')
  return Number.isFinite(number) ? String(number) : `${number > 0 ? '' : '-'}9e999`
}

/** Writes text, which the column's affinity converts to a number, as it does for Prisma Client. */
function decimalLiteral(value: GivenValue): string {
  return quoteText(numberText(value))
}

function numberText(value: GivenValue): string {
  const text = textOf(value).trim()
  if (typeof value === 'number' && !Number.isNaN(value)) return text
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) rejectValue('is not a number')
  return text
}

const TIME =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(Z|[+-]\d\d(?::?\d\d)?)?)?$/i

/** A timestamp as Prisma's driver adapters write it; a time without a zone is in UTC. */
function timeLiteral(value: GivenValue, asNumber: boolean): string {
  const date = dateOf(value)
  if (Number.isNaN(date.getTime())) return rejectValue('is not a valid date')
  return asNumber ? String(date.getTime()) : quoteText(timeText(date))
}

/** The text of a timestamp as Prisma's driver adapters store it. */
export function timeText(date: Date): string {
  return date.toISOString().replace('Z', '+00:00')
}

function dateOf(value: GivenValue): Date {
  if (isDate(value)) return value
  if (typeof value === 'number') return new Date(value)
  const [, day, time = '00:00', zone = 'Z'] = TIME.exec(textOf(value).trim()) ?? []
  if (day === undefined) return rejectValue('is not a date and time such as 2026-01-31T09:30:00Z')
  // JavaScript parses 31 February as 3 March.
  const isDay = new Date(`${day}T00:00Z`).toJSON()?.startsWith(day)
  if (!isDay) return rejectValue('is not a valid date')
  const minutes = /^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone.replace(/^(.\d\d)(\d\d)$/, '$1:$2')
  return new Date(`${day}T${time.slice(0, 12)}${minutes.toUpperCase()}`)
}

function bytesLiteral(value: GivenValue): string {
  if (value instanceof Uint8Array) return blob(value)
  const text = textOf(value)
  if (!text.startsWith(String.raw`\x`)) return blob(base64Bytes(text))
  const digits = text.slice(2)
  if (!/^(?:[\da-f]{2})*$/i.test(digits)) rejectValue('is not hex')
  return `x'${digits}'`
}

function blob(bytes: Uint8Array): string {
  return `x'${Buffer.from(bytes).toString('hex')}'`
}

function documentLiteral(value: GivenValue, form: RowForm): string {
  if (form === 'texts') {
    const text = textOf(value)
    try {
      JSON.parse(text)
    } catch {
      rejectValue('is not JSON')
    }
    return textLiteral(text)
  }
  const text = documentText(value, false)
  return text === null ? 'NULL' : textLiteral(text)
}

function anyLiteral(value: GivenValue): string {
  if (value instanceof Uint8Array) return blob(value)
  switch (typeof value) {
    case 'boolean':
      return value ? '1' : '0'
    case 'bigint':
      return integerLiteral(value)
    case 'number':
      return Number.isSafeInteger(value) ? String(value) : floatLiteral(value)
    default:
      return digitsOf(value) ?? textLiteral(textOf(value))
  }
}

function textOf(value: GivenValue): string {
  if (typeof value === 'string') return value
  if (isDate(value)) {
    return Number.isNaN(value.getTime()) ? rejectValue('is not a valid date') : timeText(value)
  }
  if (typeof value === 'function' || typeof value === 'symbol')
    return rejectValue(`is a ${typeof value}`)
  if (typeof value !== 'object') return String(value)
  if (value instanceof Uint8Array)
    return rejectValue('is binary data, but its column does not store binary data')
  refuseRepeatedKey(value)
  const own = digitsOf(value) ?? (asJson(value) as SeedValue)
  return typeof own === 'string' ? own : documentOf(own)
}
