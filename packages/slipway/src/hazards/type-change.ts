import { parseSqlType, type SqlType } from '../kernel/index.ts'

/** What the server does with a table when the type of one of its columns changes. */
export type TypeChange =
  /** Only the catalog changes. */
  | 'catalog'
  /** The rows are not rewritten; the indexes of the column are rebuilt. */
  | 'indexes'
  | 'rewrite'

/**
 * What a type change costs. A change not known to be cheap counts as a rewrite. Source:
 * `ATColumnChangeRequiresRewrite` and the support functions of the length casts in the server.
 */
export function typeChange(from: string, to: string): TypeChange {
  if (from === to) return 'catalog'
  const [before, after] = [parseSqlType(from), parseSqlType(to)]
  if (before.array || after.array) return 'rewrite'
  if (before.name === after.name) return sizeChange(before, after)
  if (after.size.length > 0) return 'rewrite'
  if (BINARY_EQUAL[before.name] === after.name) return 'catalog'
  return OTHER_OPERATORS[before.name]?.includes(after.name) === true ? 'indexes' : 'rewrite'
}

/** Types with the same binary representation and the same comparison operators. */
const BINARY_EQUAL: Readonly<Record<string, string>> = {
  'character varying': 'text',
  text: 'character varying',
  cidr: 'inet',
  xml: 'text',
}

/** Types with the same binary representation that are sorted or compared differently. */
const OTHER_OPERATORS: Readonly<Record<string, readonly string[]>> = {
  bit: ['bit varying'],
  text: ['citext'],
  'character varying': ['citext'],
  citext: ['text', 'character varying'],
}

function sizeChange(before: SqlType, after: SqlType): TypeChange {
  const [from, to] = [before.size[0], after.size[0]]
  switch (before.name) {
    case 'character varying':
    case 'bit varying':
      return grows(from, to) ? 'catalog' : 'rewrite'
    case 'numeric': {
      const sameScale = (before.size[1] ?? 0) === (after.size[1] ?? 0)
      return to === undefined || (sameScale && grows(from, to)) ? 'catalog' : 'rewrite'
    }
    case 'timestamp without time zone':
    case 'timestamp with time zone':
    case 'time without time zone':
    case 'time with time zone':
    case 'interval':
      // Without a precision they hold microseconds: six digits.
      return (from ?? 6) <= (to ?? 6) ? 'catalog' : 'rewrite'
    default:
      return 'rewrite'
  }
}

function grows(from: number | undefined, to: number | undefined): boolean {
  if (to === undefined) return true
  return from !== undefined && from <= to
}
