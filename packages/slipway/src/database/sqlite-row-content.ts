import { RAISE_CODE } from './sqlite-codes.ts'

/** The replacement for the text of RAISE in an error. */
const REFUSED_BY_TRIGGER = 'a trigger rejected the row'

/**
 * The beginning of a message that Slipway's own SQL raises. Such messages have names and counts, but no
 * row values.
 */
export const GUARD_MARK = 'slipway: '

/**
 * The parts of an error message that can be values of a row (guarantee 10), as they appear in it. A
 * message of RAISE is one part, because it can be composed from the row. Otherwise SQLite's messages name
 * columns and no values, except those of functions that quote their arguments: a JSON path, an FTS5
 * query.
 */
export function suspectParts(message: string, code: number): readonly string[] {
  if (code === RAISE_CODE) return message === FOREIGN_KEY ? [] : [message]
  if (message.includes(`'${GUARD_MARK}{`)) return []
  const quoted = message.match(/'[^']*'|"[^"]*"/g) ?? []
  const [, column] = /^no such column: (.+)$/.exec(message) ?? []
  return column === undefined ? quoted : [...quoted, column]
}

/** SQLite's own message for a key with ON DELETE RESTRICT; it has the same code as RAISE in a trigger. */
const FOREIGN_KEY = 'FOREIGN KEY constraint failed'

/**
 * A query with the text of a part as its parameter. It returns a row if the SQL of a schema object
 * contains the text.
 */
export const IS_IN_SCHEMA = `SELECT 1 AS found FROM sqlite_schema
  WHERE instr(sql, ?1) > 0 OR instr(sql, replace(?1, '''', '''''')) > 0 LIMIT 1`

/** The text of a part between its quotes. */
export function unquotedPart(part: string): string {
  return /^(['"]).*\1$/s.test(part) ? part.slice(1, -1) : part
}

/** Whether an SQL text contains the text of a part. */
export function isInSql(sql: string, text: string): boolean {
  return sql.includes(text) || sql.includes(text.replaceAll("'", "''"))
}

/** A message without these parts of it. */
export function withoutParts(message: string, parts: readonly string[]): string {
  return parts.reduce(
    (text, part) => (part === message ? REFUSED_BY_TRIGGER : text.replaceAll(part, '…')),
    message,
  )
}
