import { parser } from './parser.ts'

/**
 * Whether two texts are the same SQL but for comments and white space: their tokens, by the server's
 * own scanner, are equal one by one. Needs `loadParser` first.
 */
export function sameMeaning(one: string, other: string): boolean {
  const left = tokens(one)
  const right = tokens(other)
  return left.length === right.length && left.every((token, index) => token === right[index])
}

function tokens(sql: string): string[] {
  const scanned = parser().scanSync(sql.replace(/^\uFEFF/, ' ')).tokens
  return scanned.filter(({ tokenName }) => !tokenName.endsWith('_COMMENT')).map(({ text }) => text)
}
