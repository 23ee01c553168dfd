import { RAISED } from './sqlite-codes.ts'

/** What an error says in place of the text of RAISE. */
const REFUSED_BY_TRIGGER = 'a trigger rejected the row'

/** What begins a message that Slipway itself makes in SQL. It has names and counts, and no value of a row. */
export const GUARD_MARK = 'slipway: '

/**
 * The parts of an error message that can be values of a row (guarantee 10), as they appear in it. A message of RAISE is
 * one part: it can be put together from the row. Otherwise SQLite's messages name columns and no values, except those of
 * functions that quote what they were given: a JSON path, a search for FTS5.
 */
export function suspectParts(message: string, code: number): readonly string[] {
  if (code === RAISED) return message === FOREIGN_KEY ? [] : [message]
  if (message.includes(`'${GUARD_MARK}{`)) return []
  const quoted = message.match(/'[^']*'|"[^"]*"/g) ?? []
  const [, column] = /^no such column: (.+)$/.exec(message) ?? []
  return column === undefined ? quoted : [...quoted, column]
}

/** SQLite's own message, with the code of a trigger, where a key says ON DELETE RESTRICT. */
const FOREIGN_KEY = 'FOREIGN KEY constraint failed'

/** A query with the text of a part as its parameter: a row if an object of the schema contains it word for word. */
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
