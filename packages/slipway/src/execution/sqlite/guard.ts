import { GUARD_MARK, quoteText } from '../../database/index.ts'
import type { Failure } from '../../kernel/index.ts'

/** A violated guard: which one, and what it found. */
export interface Violation {
  readonly guard: string
  readonly facts: Readonly<Record<string, string | number | null>>
}

/**
 * SQL that ends its script, and so undoes all of it, if `condition` is true. SQLite can raise an error only in a
 * trigger, but its error for an invalid JSON path quotes the path, which here carries facts for `violationIn`.
 * `facts` are SQL expressions by key; `from` is a FROM clause for them and the condition.
 */
export function guardSql(
  guard: string,
  condition: string,
  facts: Readonly<Record<string, string>> = {},
  from?: string,
): string {
  const members = [
    `'guard', ${quoteText(guard)}`,
    ...Object.entries(facts).map(([key, sql]) => `${quoteText(key)}, ${sql}`),
  ]
  const message = `${quoteText(GUARD_MARK)} || json_object(${members.join(', ')})`
  const source = from === undefined ? '' : ` FROM ${from}`
  return `SELECT CASE WHEN ${condition} THEN json_extract('{}', ${message}) END${source};\n`
}

/** The guard that ended a script; undefined if another error did. */
export function violationIn(failure: Failure): Violation | undefined {
  const text = failure.sqlite?.message ?? ''
  const start = text.indexOf(GUARD_MARK)
  if (start === -1) return undefined
  // SQLite quotes the path as SQL does.
  const quoted = /^(?:''|[^'])*/.exec(text.slice(start + GUARD_MARK.length))?.[0] ?? ''
  try {
    const { guard, ...facts } = JSON.parse(quoted.replaceAll("''", "'")) as Record<string, string>
    return { guard: guard ?? '', facts }
  } catch {
    return undefined
  }
}
