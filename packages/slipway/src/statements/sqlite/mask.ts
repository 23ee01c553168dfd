import { sqliteParser } from './parser.ts'

/**
 * A text without comments, with literals masked and white space reduced to single spaces. Needs
 * `loadSqliteParser` first.
 */
export function maskedSqlite(text: string): string {
  let end = 0
  const parts = [...sqliteParser().tokenize(text)].map((token) => {
    const { offset, length } = token.span
    const space = offset > end && end > 0 ? ' ' : ''
    end = offset + length
    return space + (isLiteral(token.text) ? "'…'" : token.text)
  })
  return parts.join('')
}

/** Whether a token is a string or a BLOB literal. */
function isLiteral(token: string): boolean {
  return token.startsWith("'") || /^x'/i.test(token)
}
