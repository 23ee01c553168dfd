import type { Row, Session } from '../../database/index.ts'
import { objectKey, type ObjectRef } from '../../statements/index.ts'
import { isProjectsSql, lookUpName, projectTablesSql } from './project-objects.ts'

/** An object of a SQLite database with the text of its CREATE statement, as SQLite stores it. */
export interface SqliteObject {
  readonly kind: 'table' | 'index' | 'view' | 'trigger'
  readonly name: string
  /** The table of an index or a trigger; the object itself for others. */
  readonly table: string
  readonly sql: string
}

/**
 * The objects of a project, in the order in which they were created: tables including virtual ones, indexes
 * made by CREATE INDEX, views, triggers. An index of a constraint has no text: it is part of its table.
 */
export async function readObjects(session: Session): Promise<SqliteObject[]> {
  const table = lookUpName('s.tbl_name')
  return await session.query<Row & SqliteObject>(`
    SELECT kind, name, "table", sql FROM (
      SELECT 'table' AS kind, t.name, t.name AS "table", t.sql, m.rowid AS place
      FROM (${projectTablesSql(session)}) t JOIN sqlite_schema m ON m.type = 'table' AND m.name = t.name
      UNION ALL
      SELECT s.type, s.name, ${table.name}, s.sql, s.rowid FROM sqlite_schema s ${table.join}
      WHERE s.type <> 'table' AND s.sql IS NOT NULL
        AND ${isProjectsSql(session, 's.tbl_name')} AND ${isProjectsSql(session, 's.name')}
    ) ORDER BY place`)
}

/** The reference to an object. */
function referenceTo({ kind, name, table }: SqliteObject): ObjectRef {
  return kind === 'trigger' ? { kind, schema: null, table, name } : { kind, schema: null, name }
}

/** The key of an object in a fingerprint. */
export function keyTo(object: SqliteObject): string {
  return objectKey(referenceTo(object))
}
