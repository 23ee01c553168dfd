import { isComment, scan } from './tokens.ts'

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
  const scanned = scan(sql.replace(/^\uFEFF/, ' '))
  return scanned.filter((token) => !isComment(token)).map(({ text }) => text)
}
