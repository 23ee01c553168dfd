import { parser } from './parser.ts'
import { byteIndexer } from './position.ts'

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
  const scanned = parser()
    .scanSync(text)
    .tokens.filter((token) => !isComment(token))
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

/** The names that a text holds, as the server reads them: `"Id"` is Id, and ID is id. Needs `loadParser` first. */
export function identifiersIn(text: string): Set<string> {
  if (text === '') return new Set()
  return new Set(
    tokensOf(text).map((token) =>
      token.text.startsWith('"')
        ? token.text.slice(1, -1).replaceAll('""', '"')
        : token.text.toLowerCase(),
    ),
  )
}

/** Whether a text holds a comment. Needs `loadParser` first. */
export function hasComment(text: string): boolean {
  return parser().scanSync(text).tokens.some(isComment)
}

function isComment({ tokenName }: { readonly tokenName: string }): boolean {
  return tokenName.endsWith('_COMMENT')
}
