import { quoteIdentifier, type Session } from '../../database/index.ts'
import { advice, must } from '../../kernel/index.ts'
import { raise } from '../failures.ts'

/** A table whose rows are skipped. */
export interface ExcludedTable {
  /** The exact `schema.table`. */
  readonly name: string
  /** The name quoted for pg_dump, which would otherwise read it as a pattern and in lower case. */
  readonly pattern: string
}

/**
 * Finds tables by `schema.table`, with the partitions of partitioned tables. Fails with BACKUP.TABLE_UNKNOWN
 * if one of `asked` does not exist; those in `configured` need not exist yet.
 */
export async function excludedTables(
  session: Session,
  {
    asked,
    configured,
  }: { readonly asked: readonly string[]; readonly configured: readonly string[] },
): Promise<readonly ExcludedTable[]> {
  const names = [...new Set([...asked, ...configured])]
  if (names.length === 0) return []
  const rows = await session.query<{ named: string; schema: string; table: string }>(TABLES, [
    names,
  ])
  const unknown = asked.find((name) => rows.every(({ named }) => named !== name))
  if (unknown !== undefined) refuseUnknown(unknown)
  const found = rows.map(({ schema, table }) => ({
    name: `${schema}.${table}`,
    pattern: `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`,
  }))
  return [...new Set(found.map(({ pattern }) => pattern))].map((pattern) =>
    must(
      found.find((one) => one.pattern === pattern),
      'excluded table',
    ),
  )
}

function refuseUnknown(name: string): never {
  return raise('BACKUP.TABLE_UNKNOWN', {
    message: `The database has no table ${name}, so its rows cannot be skipped.`,
    nextActions: [advice('Name it as schema.table, in its exact upper and lower case.')],
  })
}

const TABLES = `
  SELECT named, n.nspname::text AS schema, c.relname::text AS "table"
  FROM unnest($1::text[]) AS named
    JOIN (pg_class top JOIN pg_namespace t ON t.oid = top.relnamespace) ON named = t.nspname || '.' || top.relname
    CROSS JOIN LATERAL (SELECT top.oid UNION SELECT relid::oid FROM pg_partition_tree(top.oid)) AS member (oid)
    JOIN pg_class c ON c.oid = member.oid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE top.relkind IN ('r', 'p') ORDER BY 2, 3`
