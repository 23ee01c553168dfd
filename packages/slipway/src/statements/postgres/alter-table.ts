import { isKeyword, type Token, tokensOf } from './tokens.ts'

/** The text of an ALTER TABLE, split into its parts. */
export interface AlterTableText {
  /** Everything before the first subcommand: `ALTER TABLE "users"`. */
  readonly head: string
  /** The table as written. */
  readonly table: string
  /** The text of each subcommand: `ADD COLUMN "age" integer`. */
  readonly parts: readonly string[]
}

/**
 * Splits the text of an ALTER TABLE into its parts; undefined for any other statement. Needs `loadParser`
 * first.
 */
export function alterTableText(text: string): AlterTableText | undefined {
  const tokens = tokensOf(text)
  if (!isKeyword(tokens[0], 'ALTER') || !isKeyword(tokens[1], 'TABLE')) return undefined
  const name = nameAt(tokens, 2)
  const [first, last] = [tokens[name.from], tokens[name.to]]
  const begin = isKeyword(tokens[name.to + 1], '*') ? name.to + 2 : name.to + 1
  const head = tokens[begin - 1]
  if (!first || !last || !head) return undefined
  return {
    head: text.slice(0, head.end),
    table: text.slice(first.start, last.end),
    parts: listOf(tokens.slice(begin)).map((part) => textOf(text, part)),
  }
}

/** The first and the last token of the name after IF EXISTS and ONLY. */
function nameAt(
  tokens: readonly Token[],
  after: number,
): { readonly from: number; readonly to: number } {
  const ifExists = isKeyword(tokens[after], 'IF') ? after + 2 : after
  const from = isKeyword(tokens[ifExists], 'ONLY') ? ifExists + 1 : ifExists
  let to = from
  while (tokens[to + 1]?.text === '.') to += 2
  return { from, to }
}

/** The items of a comma-separated list. */
export function listOf(tokens: readonly Token[]): Token[][] {
  const items: Token[][] = [[]]
  for (const token of tokens) {
    if (isKeyword(token, ',')) items.push([])
    else items.at(-1)?.push(token)
  }
  return items.filter((item) => item.length > 0)
}

/** The text from the first token to the last. */
export function textOf(text: string, tokens: readonly Token[]): string {
  const [first, last] = [tokens[0], tokens.at(-1)]
  return first && last ? text.slice(first.start, last.end) : ''
}
