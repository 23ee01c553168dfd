/** A string literal, a quoted name, a word, white space, or any other character. */
const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*|\s+|[^]/gu
const NAME = /^["\p{L}_]/u
/** Keywords that follow the FROM clause. */
const AFTER_FROM = new Set([
  'WHERE',
  'GROUP',
  'HAVING',
  'WINDOW',
  'ORDER',
  'LIMIT',
  'OFFSET',
  'FETCH',
  'FOR',
  ';',
])

/**
 * The text of a query in a form that is the same for all server versions. PostgreSQL 16 and later print the
 * columns of a query with only one table without the name of that table, and 17 prints the number after
 * FETCH FIRST without parentheses.
 */
export function versionlessQuery(definition: string): string {
  const tokens = definition.match(TOKEN) ?? []
  const table = onlyTable(tokens)
  const isQualifier = (at: number) =>
    tokens[at] === table &&
    tokens[at + 1] === '.' &&
    tokens[at - 1] !== '.' &&
    NAME.test(tokens[at + 2] ?? '')
  return tokens
    .filter((_, at) => !isQualifier(at) && !isQualifier(at - 1))
    .map((token) => (/^\s/.test(token) ? ' ' : token))
    .join('')
    .replace(/\bFETCH FIRST .*? ROWS\b/, (fetch) => fetch.replaceAll(/[()]/g, ''))
}

/** The name of the table of a query, or its alias; undefined if the query has several or is a union. */
function onlyTable(tokens: readonly string[]): string | undefined {
  const from: string[] = []
  let [depth, clauses, selects] = [0, 0, 0]
  let isInside = false
  let last = ''
  for (const token of tokens) {
    if (token === ')') depth--
    if (depth === 0 && token === 'SELECT') selects++
    if (depth === 0 && AFTER_FROM.has(token)) isInside = false
    if (isInside && (depth === 0 ? token === ',' : depth === 1 && token === 'JOIN'))
      return undefined
    if (isInside && depth === 0) from.push(token)
    // `ROWS FROM (…)` is a table.
    if (depth === 0 && token === 'FROM' && last !== 'ROWS') {
      clauses++
      isInside = true
    }
    if (token === '(') depth++
    if (/\S/.test(token)) last = token
  }
  if (clauses !== 1 || selects !== 1) return undefined
  const sample = from.indexOf('TABLESAMPLE')
  return from.slice(0, sample === -1 ? undefined : sample).findLast((token) => NAME.test(token))
}
