import { type CastAnswer, outsideInteger, tooLarge, type TypeName } from './type-range.ts'

const PATTERNS: Readonly<Record<string, string>> = {
  boolean: '^\\s*(t|tr|tru|true|f|fa|fal|fals|false|y|ye|yes|n|no|on|of|off|1|0)\\s*$',
  uuid: '^(\\{([0-9a-f]{4}-?){7}[0-9a-f]{4}\\}|([0-9a-f]{4}-?){7}[0-9a-f]{4})$',
}

const INTEGER = '^\\s*[-+]?[0-9]+\\s*$'
const NUMBER = '^\\s*(nan|[-+]?(inf(inity)?|([0-9]+\\.?[0-9]*|\\.[0-9]+)(e[-+]?[0-9]{1,4})?))\\s*$'

/** A date in ISO format, with or without a time. PostgreSQL accepts many other formats. */
const DAY = '^\\s*(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
const TIME =
  '([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]+)?)?\\s*(Z|[-+](0[0-9]|1[0-4])(:?[0-5][0-9])?)?)?\\s*$'

const FREE_FORM = 'some values are not in ISO format, and PostgreSQL accepts many other formats'

/**
 * Finds text that is not a valid value of a type, for servers before 16, which have no `pg_input_is_valid`.
 * Source: the input functions of PostgreSQL 15 in utils/adt.
 */
export function textOffence(to: TypeName, text: string): CastAnswer {
  const pattern = PATTERNS[to.base]
  if (pattern !== undefined) return asks(`${text} !~* '${pattern}'`)
  const outside = outsideInteger(`btrim(${text})::numeric`, to.base)
  if (outside !== undefined) return asks(matching(text, INTEGER, outside))
  if (to.base === 'numeric') return asks(matching(text, NUMBER, numberOffence(to, text)))
  if (to.base === 'date' || to.base.startsWith('timestamp'))
    return { ...asks(matching(text, DAY + TIME, dayOffence(text))), doubt: FREE_FORM }
  return {
    kind: 'unknown',
    reason: `only PostgreSQL 16 or later can test whether a string is a valid ${to.text}`,
  }
}

function asks(where: string): Extract<CastAnswer, { kind: 'asks' }> {
  return { kind: 'asks', what: 'cast', where }
}

/**
 * A condition for text that does not match the pattern, or that matches it and meets `offence`, which is
 * evaluated only then.
 */
function matching(text: string, pattern: string, offence: string): string {
  return `CASE WHEN ${text} ~* '${pattern}' THEN ${offence} ELSE ${text} IS NOT NULL END`
}

function numberOffence({ sizes: [precision, scale = 0] }: TypeName, text: string): string {
  return precision === undefined ? 'false' : tooLarge(`btrim(${text})::numeric`, precision, scale)
}

/** A condition for a day after the last one of its month. */
function dayOffence(text: string): string {
  const part = (from: number, length: number) =>
    `substr(btrim(${text}), ${from}, ${length})::integer`
  const last = `make_date(${part(1, 4)}, ${part(6, 2)}, 1) + interval '1 month - 1 day'`
  return `${part(9, 2)} > date_part('day', ${last})`
}
