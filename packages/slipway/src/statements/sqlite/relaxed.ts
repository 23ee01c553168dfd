import { sqliteNameKey } from './name-key.ts'
import { sqliteParser } from './parser.ts'

/** A token of a statement. */
interface Token {
  /** In upper case; empty if it is a name in quotes or a string. */
  readonly word: string
  /** Its text without quotes. */
  readonly name: string
  readonly start: number
  readonly end: number
}

/**
 * A CREATE TABLE without its CHECK constraints, and without NOT NULL and UNIQUE of these columns; a CREATE UNIQUE INDEX
 * as an index that is not unique. Primary keys and foreign keys stay. Needs `loadSqliteParser` first.
 */
export function relaxedSqlite(sql: string, columns: readonly string[]): string {
  const tokens = tokensOf(sql)
  const unique = tokens[1]
  if (unique?.word === 'UNIQUE') return without(sql, [unique])
  const names = new Set(columns.map(sqliteNameKey))
  return without(
    sql,
    partsOf(tokens).flatMap((part) => cutsOf(part, (name) => names.has(sqliteNameKey(name)))),
  )
}

function without(sql: string, cuts: readonly Pick<Token, 'start' | 'end'>[]): string {
  let text = sql
  for (const { start, end } of cuts.toReversed()) text = text.slice(0, start) + text.slice(end)
  return text
}

function tokensOf(sql: string): Token[] {
  return [...sqliteParser().tokenize(sql)].map(({ text, span: { offset, length } }) => {
    const quote = text[0] ?? ''
    const close = QUOTES.get(quote)
    return {
      word: close === undefined ? text.toUpperCase() : '',
      name: close === undefined ? text : text.slice(1, -1).replaceAll(close + close, close),
      start: offset,
      end: offset + length,
    }
  })
}

const QUOTES = new Map([
  ['"', '"'],
  ['`', '`'],
  ['[', ']'],
  ["'", "'"],
])

/** The columns and constraints of a table. Each but the first begins with its comma. */
function partsOf(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]]
  let depth = 0
  for (const token of tokens.slice(tokens.findIndex(({ word }) => word === '('))) {
    if (token.word === '(') depth++
    if (token.word === ')') depth--
    if (depth === 0) return parts
    if (depth === 1 && token.word === ',') parts.push([])
    const isOpening = depth === 1 && token.word === '(' && parts[0]?.length === 0
    if (!isOpening) parts.at(-1)?.push(token)
  }
  return parts
}

/** The places of the constraints in a part that are left out; the whole part if nothing else is in it. */
function cutsOf(
  part: readonly Token[],
  isRelaxed: (name: string) => boolean,
): Pick<Token, 'start' | 'end'>[] {
  const first = part[0]?.word === ',' ? 1 : 0
  const ofTable = TABLE_CONSTRAINTS.has(part[first]?.word ?? '')
  const column = part[first]?.name ?? ''
  const cuts: { start: number; end: number }[] = []
  let left = 0
  for (let at = ofTable ? first : first + 1; at < part.length;) {
    const end = endOfConstraint(part, at, (listed) =>
      (listed.length === 0 ? [column] : listed).some(isRelaxed),
    )
    if (end === undefined) {
      left++
      at = part[at]?.word === '(' ? closing(part, at) : at + 1
      continue
    }
    cuts.push({ start: part[at]?.start ?? 0, end: part[end - 1]?.end ?? 0 })
    at = end
  }
  const [start, end] = [part[0]?.start, part.at(-1)?.end]
  return ofTable && left === 0 && start !== undefined && end !== undefined ? [{ start, end }] : cuts
}

const TABLE_CONSTRAINTS = new Set(['CONSTRAINT', 'UNIQUE', 'CHECK', 'PRIMARY', 'FOREIGN'])

/** The index after a constraint that begins at `at` and is left out; undefined if none does. */
function endOfConstraint(
  part: readonly Token[],
  at: number,
  isRelaxed: (listed: readonly string[]) => boolean,
): number | undefined {
  const begin = part[at]?.word === 'CONSTRAINT' ? at + 2 : at
  const next = part[begin + 1]?.word
  switch (part[begin]?.word) {
    case 'CHECK':
      return afterConflict(part, closing(part, begin + 1))
    case 'NOT':
      return next === 'NULL' && isRelaxed([]) ? afterConflict(part, begin + 2) : undefined
    case 'UNIQUE': {
      const end = next === '(' ? closing(part, begin + 1) : begin + 1
      const listed = part.slice(begin + 1, end).map(({ name }) => name)
      return isRelaxed(listed) ? afterConflict(part, end) : undefined
    }
    default:
      return undefined
  }
}

/** The index after the parenthesis that closes the one at `at`. */
function closing(part: readonly Token[], at: number): number {
  let depth = 0
  for (let index = at; index < part.length; index++) {
    if (part[index]?.word === '(') depth++
    if (part[index]?.word === ')' && --depth === 0) return index + 1
  }
  return part.length
}

function afterConflict(part: readonly Token[], at: number): number {
  return part[at]?.word === 'ON' && part[at + 1]?.word === 'CONFLICT' ? at + 3 : at
}
