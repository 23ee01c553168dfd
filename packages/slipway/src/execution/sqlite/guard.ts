import { GUARD_MARK, quoteText } from '../../database/index.ts'
import type { Failure } from '../../kernel/index.ts'

/** A violated guard: which one, and what it found. */
export interface Violation {
  readonly guard: string
  readonly facts: Readonly<Record<string, string | number | null>>
}

/**
 * SQL that ends its script, and so undoes all of it, where `condition` is true. SQLite raises errors only in triggers, but
 * quotes a path of JSON that it cannot read: so the error carries facts, which `violationIn` reads. `facts` are SQL
 * expressions by their keys; what the condition reads may come from a FROM.
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

/** The guard that ended a script; nothing if another error did. */
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
