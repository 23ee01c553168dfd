import { quoteIdentifier, type Session } from '../../database/index.ts'

/**
 * SQL that drops the temporary tables, views and triggers of a session. A temporary table hides a table of the same
 * name, so none may outlive the statements that make it.
 */
export async function dropTemporarySql(session: Session): Promise<string[]> {
  const found = await session.query<{ type: string; name: string }>(
    `SELECT type, name FROM temp.sqlite_schema WHERE type IN ('trigger', 'view', 'table')
     ORDER BY CASE type WHEN 'trigger' THEN 1 WHEN 'view' THEN 2 ELSE 3 END, name`,
  )
  return found.map(({ type, name }) => `DROP ${type.toUpperCase()} temp.${quoteIdentifier(name)}`)
}
