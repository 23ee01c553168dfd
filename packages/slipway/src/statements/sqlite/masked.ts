import { sqliteParser } from './parser.ts'

/** A text without comments, its literals masked and its tokens at most a space apart. Needs `loadSqliteParser` first. */
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

/** A text, or the bytes of a BLOB. */
function isLiteral(token: string): boolean {
  return token.startsWith("'") || /^x'/i.test(token)
}
