import { sqliteParser } from './parser.ts'

/**
 * The parts of a CREATE statement in a form that is equal for equal objects: without comments and layout,
 * with keywords in upper case and names quoted uniformly. The columns and constraints of a table are separate
 * parts, sorted by their text, because the order of columns does not matter. Needs `loadSqliteParser` first.
 */
export function sqliteDefinitionParts(sql: string): string[] {
  const tokens = tokensOf(sql)
  // Only the module of a virtual table knows what its arguments mean.
  const opening = tokens[1] === 'TABLE' ? tokens.indexOf('(') : -1
  if (opening === -1) return [tokens.join(' ')]
  const { parts, end } = listAt(tokens, opening)
  const rest = [...tokens.slice(0, opening), ...tokens.slice(end)]
  return [rest.join(' '), ...parts.toSorted()]
}

/** The parts of a list in parentheses, and where it ends. */
function listAt(tokens: readonly string[], opening: number): { parts: string[]; end: number } {
  const parts: string[] = []
  let part: string[] = []
  let depth = 0
  for (let at = opening; at < tokens.length; at++) {
    const token = tokens[at] ?? ''
    if (token === '(') depth++
    if (token === ')') depth--
    const ends = depth === 0 || (depth === 1 && token === ',')
    if (!ends) {
      if (at > opening) part.push(token)
      continue
    }
    parts.push(part.join(' '))
    part = []
    if (depth === 0) return { parts, end: at + 1 }
  }
  return { parts, end: tokens.length }
}

function tokensOf(sql: string): string[] {
  const { tokenize, tokenName } = sqliteParser()
  return [...tokenize(sql)].map(({ type, text }) => {
    const kind = tokenName(type)
    if (kind === 'ID') return nameText(text)
    return kind === 'STRING' || kind === 'BLOB' ? text : text.toUpperCase()
  })
}

/** Quotes a name, so that it differs from a keyword and a number. */
function nameText(text: string): string {
  const quote = text[0] ?? ''
  const bare = QUOTES.has(quote) ? text.slice(1, -1).replaceAll(quote + quote, quote) : text
  return JSON.stringify(bare)
}

const QUOTES = new Set(['"', '`', '['])
