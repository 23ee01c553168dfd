import type { ScanToken } from 'libpg-query'
import { isComment, scan } from './tokens.ts'

/** A statement's text, and where in its file it begins: the parse tree counts bytes of the file. */
export interface Source {
  readonly text: string
  readonly startByte: number
}

type Token = Pick<ScanToken, 'text' | 'start' | 'end'>

/** The text between the parentheses after a keyword at or after `location`. */
export function inParentheses(
  source: Source,
  location: number,
  keyword: string,
): string | undefined {
  const tokens = tokensFrom(source, location)
  const opened = tokens.findIndex(
    (token, index) => isWord(tokens[index - 1], keyword) && token.text === '(',
  )
  const open = tokens[opened]
  if (open === undefined) return undefined
  let depth = 0
  for (const token of tokens.slice(opened)) {
    if (token.text === '(') depth++
    if (token.text === ')') depth--
    if (depth === 0) return slice(source, open.end, token.start)
  }
  return undefined
}

/** The items of the first list in parentheses after a keyword, as written. */
export function listAfterKeyword(source: Source, keyword: string): string[] {
  const tokens = tokensFrom(source, source.startByte)
  const from = tokens.findIndex((token) => isWord(token, keyword))
  const opened = tokens.findIndex((token, index) => index > from && token.text === '(')
  const items: string[] = []
  let depth = 0
  let start = tokens[opened]?.end ?? 0
  for (const token of opened === -1 ? [] : tokens.slice(opened)) {
    if (token.text === '(' || token.text === '[') depth++
    if (token.text === ')' || token.text === ']') depth--
    if (depth === 0 || (depth === 1 && token.text === ',')) {
      items.push(slice(source, start, token.start))
      start = token.end
    }
    if (depth === 0) break
  }
  return items
}

/** What follows a keyword at or after `location`, up to a comma or one of `ends` outside parentheses. */
export function textAfterKeyword(
  source: Source,
  keyword: string,
  { location = source.startByte, ends = [] }: { location?: number; ends?: readonly string[] } = {},
): string | undefined {
  const tokens = tokensFrom(source, location)
  let depth = 0
  let from: number | undefined
  for (const token of tokens) {
    if (from !== undefined && depth === 0 && endsClause(token, ends)) {
      return slice(source, from, token.start)
    }
    if (token.text === '(' || token.text === '[') depth++
    if (token.text === ')' || token.text === ']') depth--
    if (from === undefined && depth === 0 && isWord(token, keyword)) from = token.end
  }
  return from === undefined ? undefined : slice(source, from, tokens.at(-1)?.end ?? from)
}

function endsClause(token: Token, ends: readonly string[]): boolean {
  if (token.text === ';') return true
  return ends.includes(token.text.toUpperCase())
}

function isWord(token: Token | undefined, keyword: string): boolean {
  return token?.text.toUpperCase() === keyword
}

function tokensFrom({ text, startByte }: Source, location: number): readonly Token[] {
  const from = location - startByte
  return scan(text).filter((token) => token.start >= from && !isComment(token))
}

function slice({ text }: Source, start: number, end: number): string {
  return Buffer.from(text).subarray(start, end).toString().trim()
}
