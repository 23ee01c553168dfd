import type { Session } from '../database/index.ts'
import type { Scope } from '../schema/index.ts'

/** The columns of all tables and views, as `schema.table.column type`: a catalog's outline, read in milliseconds. */
export type Outline = ReadonlySet<string>

/** Reads the outline of the schemas in scope. If two outlines differ, so do their catalogs. */
export async function readOutline(session: Session, scope: Scope): Promise<Outline> {
  const { rows } = await session.queryRaw(
    `SELECT n.nspname, n.nspname || '.' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
       AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '${session.ledger}')
       AND c.relname <> '_prisma_migrations'
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')`,
  )
  return new Set(
    rows.flatMap(([schema, column]) =>
      schema && column && scope.ownsSchema(schema) ? [column] : [],
    ),
  )
}

/** The number of columns in which two outlines differ. */
export function outlineDistance(one: Outline, other: Outline): number {
  let shared = 0
  for (const column of one) if (other.has(column)) shared++
  return one.size + other.size - 2 * shared
}
