import { parseSqlType } from '../../kernel/index.ts'

/** Types between which PostgreSQL has casts. In addition, every type has casts to and from text. */
const FAMILIES: readonly RegExp[] = [
  /^(?:smallint|integer|bigint|numeric|real|double precision)\b/,
  /^(?:boolean|integer)$/,
  /^(?:date|timestamp)\b/,
  /^(?:time|interval)\b/,
  /^jsonb?$/,
  /^(?:inet|cidr)$/,
  /^bit\b/,
]
const TEXT = /^(?:text|character varying|character|bpchar|citext|name)\b/

/** Whether PostgreSQL casts between two types, as it prints them, without going through text. */
export function castsTo(...types: [from: string, to: string]): boolean {
  if (types.some((type) => type.endsWith('[]'))) return false
  return types.some((type) => TEXT.test(type)) || isSameKind(...types)
}

/** Whether two types hold the same kind of values: numbers, or times, or text. */
export function isSameKind(...types: [from: string, to: string]): boolean {
  if (types.some((type) => type.endsWith('[]'))) return false
  return [...FAMILIES, TEXT].some((family) => types.every((type) => family.test(type)))
}

/**
 * Number types, each of which holds all values of those before it. `ALSO` has the other types that hold all
 * values of a type.
 */
const INTEGERS = ['smallint', 'integer', 'bigint', 'numeric']
const ALSO: Readonly<Record<string, readonly string[]>> = {
  smallint: ['real', 'double precision'],
  integer: ['double precision'],
  real: ['double precision'],
  jsonb: ['json'],
  cidr: ['inet'],
}
const TIMES = /^(?:timestamp|time|interval)\b/
/** The fractional digits of the seconds of a time without a precision. */
const MICRO = 6

/**
 * Whether every value of one type fits another; both are written as PostgreSQL prints them. False if unknown.
 */
export function alwaysFits(from: string, to: string): boolean {
  const [before, after] = [parseSqlType(from), parseSqlType(to)]
  if (before.array !== after.array) return !before.array ? false : after.name === 'text'
  if (/^(?:text|character varying|citext)$/.test(after.name) && after.size.length === 0) return true
  if (/^character(?: varying)?$/.test(before.name) && after.name === 'character varying')
    return isAtMost(before.size[0], after.size[0])
  if (before.name === after.name) {
    if (TIMES.test(before.name)) return isAtMost(before.size[0] ?? MICRO, after.size[0] ?? MICRO)
    const [digits = 0, scale = 0] = after.size
    const [had = Infinity, hadScale = 0] = before.size
    if (before.name === 'numeric')
      return after.size.length === 0 || (had - hadScale <= digits - scale && hadScale <= scale)
    return before.name === 'bit varying' && isAtMost(before.size[0], after.size[0])
  }
  if (after.size.length > 0) return false
  const place = INTEGERS.indexOf(before.name)
  if (place >= 0 && INTEGERS.indexOf(after.name) > place) return true
  return ALSO[before.name]?.includes(after.name) === true
}

function isAtMost(size: number | undefined, limit: number | undefined): boolean {
  return limit === undefined || (size !== undefined && size <= limit)
}
