import { quoteIdentifier } from '../../database/index.ts'
import type { PreCheckKind } from '../pre-check.ts'

/** What happens to the values of a column that gets a new type. */
export type CastAnswer =
  /** Every value fits the new type. */
  | { readonly kind: 'fits' }
  /** PostgreSQL refuses the statement for any rows. */
  | { readonly kind: 'refused' }
  /** Rows that meet the condition do not fit. `doubt`: why such a row may still fit. */
  | {
      readonly kind: 'asks'
      readonly what: PreCheckKind
      readonly where: string
      readonly doubt?: string
    }
  | { readonly kind: 'unknown'; readonly reason: string }

/** A parsed type: `numeric(10,2)` is `numeric` with 10 and 2. */
export interface TypeName {
  readonly text: string
  /** The type without its size. */
  readonly base: string
  readonly sizes: readonly number[]
  readonly isText: boolean
  /** Whether it is one of the listed built-in types of PostgreSQL. */
  readonly builtIn: boolean
}

/** Parses a type as the server prints it. */
export function parseType(text: string): TypeName {
  const [, sizes = ''] = /\((-?\d+(?:,-?\d+)?)\)/.exec(text) ?? []
  const base = text.replace(/\([^)]*\)/, '')
  return {
    text,
    base,
    sizes: sizes === '' ? [] : sizes.split(',').map(Number),
    isText: TEXTS.has(base),
    builtIn: BUILT_IN.has(base.replace(/\[\]$/, '')),
  }
}

const TEXTS = new Set(['text', 'character varying', 'character'])

/** The smallest value of each integer type, and the largest plus one. */
const INTEGERS: Readonly<Record<string, readonly [string, string]>> = {
  smallint: ['-32768', '32768'],
  integer: ['-2147483648', '2147483648'],
  bigint: ['-9223372036854775808', '9223372036854775808'],
}

const DIGITS: Readonly<Record<string, number>> = { smallint: 5, integer: 10, bigint: 19 }
const FLOATS = new Set(['real', 'double precision'])

/** Changes between date and time types that lose precision at most, and never fail. */
const TIMES: Readonly<Record<string, readonly string[]>> = {
  date: ['timestamp without time zone', 'timestamp with time zone'],
  'timestamp without time zone': ['timestamp with time zone', 'date', 'time without time zone'],
  'timestamp with time zone': ['timestamp without time zone', 'date', 'time without time zone'],
  'time without time zone': ['time with time zone', 'interval'],
  'time with time zone': ['time without time zone'],
  interval: ['time without time zone'],
}

const BUILT_IN = new Set([
  ...TEXTS,
  ...Object.keys(INTEGERS),
  ...FLOATS,
  ...Object.keys(TIMES),
  'numeric',
  'boolean',
  'uuid',
  'json',
  'jsonb',
  'bytea',
  'bit',
  'bit varying',
  'inet',
  'cidr',
  'macaddr',
  'xml',
  'oid',
])

/** Finds values that are out of the range of the new type, or too long for it. */
export function rangeOffence(from: TypeName, to: TypeName, value: string): CastAnswer {
  const unknown = {
    kind: 'unknown',
    reason: `Slipway cannot write SQL that tests whether ${from.text} fits ${to.text}`,
  } as const
  if (from.text.endsWith('[]') || to.text.endsWith('[]'))
    return isSameOrUnlimited(from, to) ? FITS : unknown
  if (to.isText) return lengthOffence(from, to, value)
  if (to.base in INTEGERS) return integerOffence(from, to.base, value) ?? unknown
  if (to.base === 'numeric') return numericOffence(from, to, value) ?? unknown
  if (isSameOrUnlimited(from, to)) return FITS
  if (FLOATS.has(to.base)) return floatOffence(from, to) ?? unknown
  const times = TIMES[from.base]
  if (times && [from.base, ...times].includes(to.base)) return FITS
  return unknown
}

/** Whether a type is the same as another, or the same without its size. */
function isSameOrUnlimited(from: TypeName, to: TypeName): boolean {
  return from.text === to.text || from.base === to.text
}

const FITS: CastAnswer = { kind: 'fits' }

/** Excess trailing spaces are truncated without an error, as the SQL standard requires. */
function lengthOffence(from: TypeName, to: TypeName, value: string): CastAnswer {
  const [size] = to.base === 'character' ? [to.sizes[0] ?? 1] : to.sizes
  const [old] = from.isText ? from.sizes : []
  if (size === undefined || (old !== undefined && old <= size)) return FITS
  return { kind: 'asks', what: 'length', where: `length(rtrim(${value}::text, ' ')) > ${size}` }
}

function integerOffence(from: TypeName, to: string, value: string): CastAnswer | undefined {
  const [first, end] = INTEGERS[to] ?? []
  const whole = DIGITS[from.base]
  if (whole !== undefined && whole <= (DIGITS[to] ?? 0)) return FITS
  if (whole === undefined && from.base !== 'numeric' && !FLOATS.has(from.base))
    return from.base === 'boolean' ? FITS : undefined
  const rounded = whole === undefined ? `round(${value}::${from.base})` : value
  const where = `NOT (${rounded} >= ${first} AND ${rounded} < ${end})`
  return { kind: 'asks', what: 'cast', where }
}

function numericOffence(from: TypeName, to: TypeName, value: string): CastAnswer | undefined {
  const whole = DIGITS[from.base]
  if (whole === undefined && from.base !== 'numeric' && !FLOATS.has(from.base)) return undefined
  const [precision, scale = 0] = to.sizes
  if (precision === undefined) return FITS
  const [oldPrecision, oldScale = 0] = from.base === 'numeric' ? from.sizes : [whole, 0]
  const wider = oldPrecision !== undefined && precision - scale >= oldPrecision - oldScale
  // Rounding to a smaller scale can carry into one more digit.
  if (wider && scale >= oldScale) return FITS
  return { kind: 'asks', what: 'cast', where: tooLarge(`${value}::numeric`, precision, scale) }
}

/** A condition for a number that does not fit `numeric(precision, scale)`; NaN fits. */
export function tooLarge(number: string, precision: number, scale: number): string {
  return `${number} <> 'NaN' AND abs(round(${number}, ${scale})) >= 1e${precision - scale}::numeric`
}

/**
 * A condition for a number outside the range of an integer type; undefined for other types.
 * `number` is SQL for a numeric.
 */
export function outsideInteger(number: string, type: string): string | undefined {
  const [first, end] = INTEGERS[type] ?? []
  return first === undefined ? undefined : `NOT (${number} >= ${first} AND ${number} < ${end})`
}

function floatOffence(from: TypeName, to: TypeName): CastAnswer | undefined {
  if (from.base in INTEGERS) return FITS
  if (to.base !== 'double precision') return undefined
  const sized = from.base === 'numeric' && from.sizes.length > 0
  return from.base === 'real' || sized ? FITS : undefined
}

/** A type as SQL. Quotes user-defined names, which `typeText` prints without quotation marks. */
export function typeSql({ text, base, builtIn }: TypeName): string {
  if (builtIn) return text
  const name = base.replace(/\[\]$/, '')
  return name.split('.').map(quoteIdentifier).join('.') + text.slice(name.length)
}
