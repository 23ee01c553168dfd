import { advice } from '../kernel/index.ts'
import { raise } from './failures.ts'

/** The fields of a cron pattern: lists of numbers, or `*` for all. Sunday is 0. */
export interface CronFields {
  readonly minute: CronField
  readonly hour: CronField
  readonly day: CronField
  readonly month: CronField
  readonly weekday: CronField
}

export type CronField = '*' | readonly number[]

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const NICKNAMES: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
}

/** The five fields of a pattern; a nickname such as `@daily` is expanded. */
export function plainCron(pattern: string): string {
  const text = pattern.trim().replaceAll(/\s+/g, ' ')
  return NICKNAMES[text.toLowerCase()] ?? text
}

/**
 * Parses a standard cron pattern of `*`, numbers, names, ranges, lists and steps. Fails with
 * BACKUP.SCHEDULE_INVALID.
 */
export function parseCron(pattern: string): CronFields {
  const fields = plainCron(pattern).split(' ')
  if (fields.length !== 5) refuse(pattern, `It has ${fields.length} fields instead of five.`)
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields
  const read = (name: string, text: string, range: FieldRange) =>
    text === '*'
      ? '*'
      : (numbersOf(text, range) ?? refuse(pattern, `${text} is not a valid ${name}.`))
  const days = read('day of the week', weekday, { min: 0, max: 7, names: WEEKDAYS })
  return {
    minute: read('minute', minute, { min: 0, max: 59 }),
    hour: read('hour', hour, { min: 0, max: 23 }),
    day: read('day of the month', day, { min: 1, max: 31 }),
    month: read('month', month, { min: 1, max: 12, names: MONTHS }),
    weekday: days === '*' ? '*' : sorted(days.map((one) => one % 7)),
  }
}

interface FieldRange {
  readonly min: number
  readonly max: number
  readonly names?: readonly string[]
}

/** All numbers of a list; undefined if it is invalid. */
function numbersOf(text: string, range: FieldRange): number[] | undefined {
  const lists = text.split(',').map((item) => itemNumbers(item, range))
  const all = lists.flatMap((numbers) => numbers ?? [])
  return lists.includes(undefined) || all.length === 0 ? undefined : sorted(all)
}

function itemNumbers(item: string, range: FieldRange): number[] | undefined {
  const [, from = '', to, step = '1'] =
    /^(\*|[a-z]{3}|\d{1,2})(?:-([a-z]{3}|\d{1,2}))?(?:\/(\d{1,2}))?$/i.exec(item) ?? []
  const isSingle = to === undefined && !item.includes('/')
  const first = from === '*' ? range.min : numberOf(from, range)
  // `*` for weekdays ends at 6, because 7 is Sunday again.
  const end = range.names === WEEKDAYS ? 6 : range.max
  const last = to === undefined ? (isSingle ? first : end) : numberOf(to, range)
  if (first === undefined || last === undefined || first > last) return undefined
  if (from === '*' && to !== undefined) return undefined
  // `*/90` is probably meant as every 90 minutes, but would run every hour.
  if (Number(step) === 0 || Number(step) > end - range.min) return undefined
  const numbers: number[] = []
  for (let value = first; value <= last; value += Number(step)) numbers.push(value)
  return numbers
}

function numberOf(text: string, { min, max, names }: FieldRange): number | undefined {
  const named = names?.indexOf(text.toLowerCase()) ?? -1
  if (named >= 0) return named + min
  const value = /^\d+$/.test(text) ? Number(text) : -1
  return value >= min && value <= max ? value : undefined
}

function sorted(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].toSorted((a, b) => a - b)
}

function refuse(pattern: string, why: string): never {
  return raise('BACKUP.SCHEDULE_INVALID', {
    message: `'${pattern}' is not a time for a schedule.`,
    why,
    nextActions: [
      advice("Use minute, hour, day, month and day of the week: '0 3 * * *' is every day at 3:00."),
    ],
  })
}
