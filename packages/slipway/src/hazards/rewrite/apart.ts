import type { Statement } from '../../statements/index.ts'

/**
 * Why the statements of a file must share a transaction or a session; nothing where they can be taken
 * apart. A deploy that goes on after a cut has another session.
 */
export function whyTogether(statements: readonly Statement[]): string | undefined {
  const found = statements.flatMap(({ text, number, actions }) => {
    const word =
      /^(?:SET\s+(?:LOCAL|SESSION|CONSTRAINTS|TRANSACTION|search_path|ROLE)|SAVEPOINT|CREATE\s+(?:LOCAL\s+|GLOBAL\s+)?TEMP)\b/i
    const what = word.exec(text)?.[0] ?? (actions.some(isLock) ? 'LOCK' : undefined)
    return what === undefined ? [] : [`Statement ${number} (${what.toUpperCase()}…)`]
  })
  if (found.length === 0) return undefined
  return `${found[0]} holds for those behind it only as long as they share its transaction or session.`
}

function isLock({ kind }: { readonly kind: string }): boolean {
  return kind === 'lock-table'
}

/** The line that makes every statement of a file a transaction of its own. */
const LINE = '-- slipway: no-transaction'

export function isApart(sql: string): boolean {
  return /^\s*--\s*slipway:\s*no-transaction\b/im.test(sql)
}

/** The line at the head of a file, behind a byte order mark. */
export function apartEdit(sql: string): {
  readonly start: number
  readonly end: number
  readonly text: string
} {
  const start = sql.startsWith('\uFEFF') ? 1 : 0
  return { start, end: start, text: `${LINE}\n\n` }
}
