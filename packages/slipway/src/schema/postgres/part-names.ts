import type { Session } from '../../database/index.ts'

/** The name of a part of a table, or a comment. A rename of the table or its columns does not change it. */
export interface TablePartName {
  /** The identity of the table. */
  readonly table: string
  /** Its kind and its name. */
  readonly name: string
  /** The numbers of the columns that it concerns. */
  readonly columns: readonly number[]
}

/** Objects with lower OIDs exist in every new database. */
const FIRST_OID = 16_384

/** Reads the names of indexes, constraints and owned sequences, and the comments, of the tables of a database. */
export async function readPartNames(session: Session): Promise<TablePartName[]> {
  return await session.query<TablePartName & Record<string, unknown>>(
    `SELECT 'r ' || i.indrelid AS table, 'index ' || c.relname AS name, array_remove(i.indkey::int2[]::int4[], 0) AS columns
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid >= ${FIRST_OID}
    UNION ALL SELECT 'r ' || conrelid, 'constraint ' || conname, coalesce(conkey::int4[], '{}')
      FROM pg_constraint WHERE conrelid >= ${FIRST_OID} AND contype IN ('c', 'f', 'n')
    UNION ALL SELECT 'r ' || d.refobjid, 'sequence ' || c.relname, ARRAY[d.refobjsubid]
      FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
      WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
    UNION ALL SELECT 'r ' || objoid, 'comment ' || description, CASE WHEN objsubid > 0 THEN ARRAY[objsubid] ELSE '{}' END
      FROM pg_description WHERE classoid = 'pg_class'::regclass AND objoid >= ${FIRST_OID}`,
  )
}
