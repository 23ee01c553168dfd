import { type Marker, placeAt } from '../statements/index.ts'
import type { JudgedMigration } from './hazard.ts'

/** A comment `-- slipway: accept <hazard-id> (<reason>)` in a migration file. */
export interface Acceptance {
  readonly id: string
  /** Undefined if none is written; the comment then accepts nothing. */
  readonly reason?: string
  readonly line: number
  readonly column: number
  /** The statement below the comment; undefined if the comment applies to the whole file. */
  readonly statement?: number
}

/**
 * The accept comments of a file. A comment above a statement applies to that statement. A comment at the
 * top of the file, with an empty line between it and the first statement, applies to the whole file.
 */
export function acceptancesIn(
  { sql, statements }: JudgedMigration,
  markersIn: (sql: string) => readonly Marker[],
): Acceptance[] {
  return markersIn(sql).flatMap(({ name, value, start, end }): Acceptance[] => {
    if (name !== 'accept') return []
    const next = statements.find((statement) => statement.end > start)
    // A comment inside a statement accepts nothing.
    if (next && next.start < start) return []
    const [, id = '', rest = ''] = /^([^\s(]*)\s*(.*)$/.exec(value) ?? []
    const reason = /^\((.*)\)$/.exec(rest)?.[1]?.trim() ?? ''
    const { line = 1, column = 1 } = placeAt(sql, start)
    const below = sql.slice(end, next?.start)
    const first = next === undefined ? statements.length === 0 : next === statements[0]
    const forFile = first && /\n[ \t\r]*\n/.test(below)
    return [
      {
        id,
        ...(reason === '' ? {} : { reason }),
        line,
        column,
        ...(forFile ? {} : { statement: next?.number ?? statements.length + 1 }),
      },
    ]
  })
}
