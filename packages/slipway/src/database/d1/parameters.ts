/** A statement as the API accepts it. */
export interface D1Statement {
  readonly sql: string
  readonly params: readonly (string | number | null)[]
}

/**
 * Converts a statement with `$1`, `?1` or `?` for its parameters for D1. D1 binds every number as a REAL,
 * and JSON has no large integers, no infinity and no bytes: integers become literals in the text, bytes
 * `unhex(…)`, the rest is bound.
 */
export function d1Statement(sql: string, values: readonly unknown[]): D1Statement {
  const params: (string | number | null)[] = []
  const places = new Map<number, string>()
  let next = 0
  const written = tokensOf(sql).map((token) => {
    if (!/^[$?]\d*$/.test(token)) return token
    const at = token === '?' ? next : Number(token.slice(1)) - 1
    next = Math.max(next, at + 1)
    const known = places.get(at) ?? placeOf(values[at], params)
    places.set(at, known)
    return known
  })
  return { sql: written.join(''), params }
}

/** The SQL for a value: a literal, or a numbered parameter. */
function placeOf(value: unknown, params: (string | number | null)[]): string {
  const bind = (bound: string | number | null) => `?${params.push(bound)}`
  switch (typeof value) {
    case 'bigint':
      return integer(value)
    case 'boolean':
      return value ? '1' : '0'
    case 'number':
      if (Number.isSafeInteger(value)) return integer(value)
      if (Number.isNaN(value)) return 'NULL'
      return Number.isFinite(value) ? bind(value) : `(${value > 0 ? '' : '-'}9e999)`
    case 'string':
      return bind(value)
    default:
      if (value === null || value === undefined) return bind(null)
      if (value instanceof Uint8Array) return `unhex(${bind(Buffer.from(value).toString('hex'))})`
      return bind(JSON.stringify(value))
  }
}

/** A negative integer is in parentheses: with a `-` before it, the two would begin a comment. */
function integer(value: number | bigint): string {
  return value < 0 ? `(${value})` : String(value)
}

/**
 * Strings, quoted names, comments, parameters, words, and single characters: enough to find parameters
 * and words.
 */
const TOKEN =
  /'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[$?]\d+|[\p{L}_\d$]+|[\s\S]/gu

function tokensOf(sql: string): readonly string[] {
  return sql.match(TOKEN) ?? []
}

const READS = new Set(['SELECT', 'VALUES', 'PRAGMA', 'EXPLAIN', 'WITH'])
const WRITES = new Set(['INSERT', 'UPDATE', 'DELETE', 'INTO'])

/** Whether a statement only reads, so that it can be sent a second time; false in doubt. */
export function isRead(sql: string): boolean {
  const [first = '', ...rest] = tokensOf(sql)
    .filter((token) => /^[\p{L}_]/u.test(token))
    .map((token) => token.toUpperCase())
  return READS.has(first) && !rest.some((word) => WRITES.has(word))
}

/** Whether the rows of a statement can be read by a query around it. */
export function isQuery(sql: string): boolean {
  return isRead(sql) && !/^(?:PRAGMA|EXPLAIN)$/i.test(firstWord(sql))
}

function firstWord(sql: string): string {
  return tokensOf(sql).find((token) => /^[\p{L}_]/u.test(token)) ?? ''
}

/** A statement without the semicolons, white space and comments at its end. */
export function withoutEnd(sql: string): string {
  const tokens = [...tokensOf(sql)]
  while (/^(?:;|\s|--[\s\S]*|\/\*[\s\S]*)$/.test(tokens.at(-1) ?? '')) tokens.pop()
  return tokens.join('')
}
