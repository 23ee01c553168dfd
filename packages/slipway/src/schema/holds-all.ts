import { parseSqlType, type SqlType } from '../kernel/index.ts'

/** Whether every value of the old type survives the change to the new type and back. */
export function holdsAllOf(from: string, to: string): boolean {
  if (from === to || to === 'text') return true
  // A conversion between enums fails for a value that the new enum lacks, so no value is lost.
  if (!isBuiltIn(from) && !isBuiltIn(to)) return true
  const [before, after] = [parseSqlType(from), parseSqlType(to)]
  return before.array === after.array && isWider(before, after)
}

/** Whether a type holds all values of another and can restore each of them exactly. */
function isWider(before: SqlType, after: SqlType): boolean {
  const [narrow, wide] = [digitsOf(before), digitsOf(after)]
  if (narrow && wide) return narrow.before <= wide.before && narrow.behind <= wide.behind
  if (before.name === after.name) return SIZED.has(before.name) && fits(before, after)
  const holds = EXACT[before.name]?.includes(after.name) === true
  return holds && (before.size.length === 0 || fits(before, after))
}

/** Types whose values another type also holds, without loss when they are converted back. */
const EXACT: Readonly<Record<string, readonly string[]>> = {
  real: ['double precision'],
  bit: ['bit varying'],
  cidr: ['inet'],
  date: ['timestamp without time zone'],
}

/** Types with a length, or with a number of fractional digits of the seconds. */
const SIZED: ReadonlySet<string> = new Set([
  'character varying',
  'character',
  'bit varying',
  'timestamp without time zone',
  'timestamp with time zone',
  'time without time zone',
  'time with time zone',
])

function fits(before: SqlType, after: SqlType): boolean {
  return limitOf(before) <= limitOf(after)
}

/** Without a number, a time has microseconds and a string has any length. */
function limitOf({ name, size: [size] }: SqlType): number {
  return size ?? (name.startsWith('time') ? 6 : Infinity)
}

/** How many digits a number has before and after the decimal point. */
interface Digits {
  readonly before: number
  readonly behind: number
}

/** The maximum number of digits of a type's values; for an integer type, the digits of its largest value. */
function digitsOf({ name, size: [precision, scale = 0] }: SqlType): Digits | undefined {
  if (name !== 'numeric') return INTEGERS[name]
  if (precision === undefined) return { before: Infinity, behind: Infinity }
  return { before: precision - scale, behind: scale }
}

const INTEGERS: Readonly<Record<string, Digits>> = {
  smallint: { before: 5, behind: 0 },
  integer: { before: 10, behind: 0 },
  bigint: { before: 19, behind: 0 },
}

function isBuiltIn(type: string): boolean {
  return !type.includes('.')
}
