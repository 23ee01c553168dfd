import { quoteIdentifier, quoteLiteral, type Session } from '../../database/index.ts'
import type { TargetTable } from '../target-tables.ts'

/**
 * Moves the sequences of a table past the values in its rows. Values that a sequence never reaches do not
 * count: those beyond its type, which remains integer if the column becomes bigint, and those of the other
 * side if it descends.
 */
export async function setSequences(session: Session, { id, columns }: TargetTable): Promise<void> {
  for (const { name, sequence } of columns) {
    if (sequence === undefined) continue
    const value = `t.${quoteIdentifier(name)}`
    await session.query(
      `SELECT setval(${quoteLiteral(sequence)}, m.furthest) FROM ${sequence} s, pg_sequence q, LATERAL (
         SELECT CASE WHEN q.seqincrement > 0 THEN max(${value}) ELSE min(${value}) END AS furthest
         FROM ${id} t WHERE ${value} BETWEEN q.seqmin AND q.seqmax) AS m
       WHERE q.seqrelid = ${quoteLiteral(sequence)}::regclass AND CASE
         WHEN s.is_called THEN (m.furthest - s.last_value) * sign(q.seqincrement) > 0
         ELSE (m.furthest - s.last_value) * sign(q.seqincrement) >= 0 END`,
    )
  }
}
