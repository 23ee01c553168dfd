import { type Session, withSession } from '../../database/index.ts'
import { isProjectsSql, projectTablesSql } from './project-objects.ts'

/**
 * The SQL that creates the objects of a project in an empty database, in an order in which it can run:
 * tables, then what belongs to them. Shadow tables are left out, because their virtual tables create them.
 */
export async function readDefinitions(session: Session): Promise<string[]> {
  const rows = await session.query<{ sql: string }>(`
    SELECT sql FROM (
      SELECT sql, 0 AS place, m.rowid AS made FROM sqlite_schema m WHERE type = 'table' AND name IN (SELECT name FROM (${projectTablesSql(session)}))
      UNION ALL
      SELECT sql, 1, rowid FROM sqlite_schema
      WHERE type IN ('index', 'view', 'trigger') AND sql IS NOT NULL AND ${isProjectsSql(session, 'tbl_name')} AND ${isProjectsSql(session, 'name')})
    ORDER BY place, made`)
  return rows.map(({ sql }) => sql)
}

/** Gives `work` a database in memory with the schema of a session's database, without its rows. */
export async function withSchemaCopy<T>(
  session: Session,
  work: (copy: Session) => Promise<T>,
): Promise<T> {
  return await withDefinitions(await readDefinitions(session), work)
}

/** Gives `work` a database in memory with these objects. */
export async function withDefinitions<T>(
  definitions: readonly string[],
  work: (database: Session) => Promise<T>,
): Promise<T> {
  return await withSession({ kind: 'sqlite' }, {}, async (database) => {
    await database.execute(definitions.map((sql) => `${sql}\n;\n`).join(''))
    return await work(database)
  })
}
