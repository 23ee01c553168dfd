import { placeAt } from '../statements/index.ts'
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

const COMMENT = /^([ \t\uFEFF]*)--[ \t]*slipway:[ \t]*accept\b[ \t]*([^\s(]*)[ \t]*(.*)$/gm

/**
 * The acceptances of a file. One above a statement is for that statement; one at the head of the file,
 * with an empty line between it and the first statement, is for the whole file.
 */
export function acceptancesIn({ sql, statements }: JudgedMigration): Acceptance[] {
  if (!sql.includes('slipway:')) return []
  const starts = [...statements.map(({ start }) => start), sql.length]
  return starts.flatMap((end, index) => {
    const start = statements[index - 1]?.end ?? 0
    return commentsIn(sql, { start, end, statement: index + 1 })
  })
}

function commentsIn(
  sql: string,
  gap: { readonly start: number; readonly end: number; readonly statement: number },
): Acceptance[] {
  const text = sql.slice(gap.start, gap.end)
  return [...text.matchAll(COMMENT)].map((match): Acceptance => {
    const [whole, indent = '', id = '', rest = ''] = match
    const reason = /^\((.*)\)\s*$/.exec(rest)?.[1]?.trim() ?? ''
    const { line = 1, column = 1 } = placeAt(sql, gap.start + match.index + indent.length)
    const below = text.slice(match.index + whole.length)
    const forFile = gap.start === 0 && /\n[ \t\r]*\n/.test(below)
    return {
      id,
      ...(reason === '' ? {} : { reason }),
      line,
      column,
      ...(forFile ? {} : { statement: gap.statement }),
    }
  })
}
