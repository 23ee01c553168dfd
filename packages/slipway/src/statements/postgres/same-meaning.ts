import { parser } from './parser.ts'

/**
 * Whether two texts are the same SQL except for comments and white space: the server's own scanner finds the
 * same tokens in both. Needs `loadParser` first.
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
