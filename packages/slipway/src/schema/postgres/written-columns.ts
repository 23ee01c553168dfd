import type { Session } from '../../database/index.ts'

/**
 * The identities of columns that the server has written to its catalog after it created their tables: a
 * rename, an ADD COLUMN and most other changes of a column do that. A table's system columns tell when it was
 * created.
 */
export async function readWrittenColumns(session: Session): Promise<Set<string>> {
  const rows = await session.query<{ id: string }>(
    `SELECT 'r ' || a.attrelid || ' ' || a.attnum AS id FROM pg_attribute a
       JOIN pg_attribute own ON own.attrelid = a.attrelid AND own.attnum = -1
       JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
     WHERE a.attrelid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped AND a.xmin <> own.xmin`,
  )
  return new Set(rows.map(({ id }) => id))
}
