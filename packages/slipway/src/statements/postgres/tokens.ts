import type { ScanToken } from 'libpg-query'
import { byteIndexer } from '../position.ts'
import { parser } from './parser.ts'

/** A token of SQL as the server's own scanner sees it. `start` and `end` are indexes of the text (UTF-16 units). */
export interface Token {
  readonly text: string
  readonly start: number
  readonly end: number
  /** How many parentheses and brackets are open around it. */
  readonly depth: number
}

/** The tokens of a text without its comments. Needs `loadParser` first. */
export function tokensOf(text: string): Token[] {
  const indexOf = byteIndexer(text)
  let depth = 0
  const scanned = scan(text).filter((token) => !isComment(token))
  return scanned.map((token) => {
    if (token.text === ')' || token.text === ']') depth--
    const placed = {
      text: token.text,
      start: indexOf(token.start),
      end: indexOf(token.end),
      depth,
    }
    if (token.text === '(' || token.text === '[') depth++
    return placed
  })
}

/** Whether a token is that keyword, outside all parentheses. */
export function isKeyword(token: Token | undefined, keyword: string): boolean {
  return token?.depth === 0 && token.text.toUpperCase() === keyword
}

/**
 * The names and keywords in a text, as the server reads them: `"Id"` is Id, and ID is id. Needs `loadParser`
 * first.
 */
export function identifiersIn(text: string): Set<string> {
  if (text === '') return new Set()
  const words = tokensOf(text).filter((token) => isName(token.text))
  return new Set(words.map((token) => identifierOf(token.text)))
}

/** The name that a word of SQL denotes, as the server reads it. */
export function identifierOf(word: string): string {
  return word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word.toLowerCase()
}

/** Whether a token is a name or a keyword, not a literal, number or operator. */
export function isName(token: string): boolean {
  return token.startsWith('"') || (/^[\p{L}_]/u.test(token) && !token.includes("'"))
}

/** The comments of a text. Needs `loadParser` first. */
export function commentsIn(text: string): Omit<Token, 'depth'>[] {
  // A byte order mark is not SQL.
  const readable = text.replace(/^\uFEFF/, ' ')
  const indexOf = byteIndexer(readable)
  return scan(readable)
    .filter(isComment)
    .map((token) => ({ text: token.text, start: indexOf(token.start), end: indexOf(token.end) }))
}

/**
 * The words of code, including those in its literals, because a DO block may build SQL from strings. Comments
 * do not count. Needs `loadParser` first.
 */
export function wordsOf(code: string): string[] {
  return scanCode(code).flatMap(({ text }) => {
    const inside = contentOf(text)
    return inside === undefined ? [text] : wordsOf(inside)
  })
}

/** The tokens of code, or its words if the scanner rejects it because it is not SQL. */
function scanCode(code: string): { readonly text: string }[] {
  if (code.trim() === '') return []
  try {
    // A byte order mark is not SQL.
    return scan(code.replace(/^\uFEFF/, ' ')).filter((token) => !isComment(token))
  } catch {
    return code.split(/[^\w$]+/).map((text) => ({ text }))
  }
}

/** The content of a literal; undefined for any other token. */
export function contentOf(token: string): string | undefined {
  if (token.startsWith('$') && token.endsWith('$') && token.length > 1) {
    const tag = token.indexOf('$', 1) + 1
    return token.slice(tag, -tag)
  }
  const quote = token.indexOf("'")
  if (quote < 0 || quote > 2 || token.startsWith('"')) return undefined
  return token.slice(quote + 1, -1).replaceAll("''", "'")
}

/**
 * A text without comments, with literals masked and white space reduced to single spaces. Needs `loadParser`
 * first.
 */
export function masked(text: string): string {
  let end = 0
  const parts = tokensOf(text).map((token) => {
    const space = token.start > end && end > 0 ? ' ' : ''
    end = token.end
    return space + (contentOf(token.text) === undefined ? token.text : "'…'")
  })
  return parts.join('')
}

/** Whether a text contains a comment. Needs `loadParser` first. */
export function hasComment(text: string): boolean {
  return scan(text).some(isComment)
}

/**
 * The tokens of the server's scanner, with positions in bytes. Needs `loadParser` first. libpg-query writes them as JSON without escaping control characters,
 * which a JSON parser rejects. Therefore they are replaced by spaces, and the texts of the tokens are taken
 * from the original.
 */
export function scan(text: string): ScanToken[] {
  const { tokens } = parser().scanSync(text.replaceAll(CONTROL, ' '))
  if (text.search(CONTROL) < 0) return tokens
  const indexOf = byteIndexer(text)
  return tokens.map((token) => ({
    ...token,
    text: text.slice(indexOf(token.start), indexOf(token.end)),
  }))
}

/** Control characters of one byte that must be escaped in JSON, except tab, line feed and carriage return. */
const CONTROL = /(?![\t\n\r\x7F-\x9F])\p{Cc}/gu

export function isComment({ tokenName }: { readonly tokenName: string }): boolean {
  return tokenName.endsWith('_COMMENT')
}
