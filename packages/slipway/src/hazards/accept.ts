import { placeAt } from '../migration/index.ts'
import type { JudgedMigration } from './hazard.ts'

/** A comment `-- slipway: accept <hazard-id> (<reason>)` of a file. */
export interface Acceptance {
  readonly id: string
  /** Nothing where none is written: then it accepts nothing. */
  readonly reason?: string
  readonly line: number
  readonly column: number
  /** The statement that it stands above; nothing where it is for the whole file. */
  readonly statement?: number
}

const COMMENT = /^([ \t]*)--[ \t]*slipway:[ \t]*accept\b[ \t]*([^\s(]*)[ \t]*(?:\((.*)\))?[ \t]*$/gm

/**
 * The acceptances of a file. One above a statement is for that statement; one at the head of the file,
 * with an empty line between it and the first statement, is for the whole file.
 */
export function acceptancesIn({ sql, statements }: JudgedMigration): Acceptance[] {
  if (!sql.includes('slipway:')) return []
  let from = 0
  return statements.flatMap((statement, index) => {
    const gap = { start: from, end: statement.start, statement: statement.number }
    from = statement.end
    return commentsIn(sql, gap, index === 0)
  })
}

function commentsIn(
  sql: string,
  gap: { readonly start: number; readonly end: number; readonly statement: number },
  atHead: boolean,
): Acceptance[] {
  const text = sql.slice(gap.start, gap.end)
  return [...text.matchAll(COMMENT)].map((match): Acceptance => {
    const [whole, indent = '', id = '', reason = ''] = match
    const { line = 1, column = 1 } = placeAt(sql, gap.start + match.index + indent.length)
    const below = text.slice(match.index + whole.length)
    const forFile = atHead && /\n[ \t\r]*\n/.test(below)
    return {
      id,
      ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
      line,
      column,
      ...(forFile ? {} : { statement: gap.statement }),
    }
  })
}
