import pg from 'pg'

// Includes the transaction that wrote a catalog row, so that dropped and recreated objects differ, too.
const CATALOG = `
  WITH relation AS (
    SELECT c.oid, c.xmin, relname, relkind, nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE c.oid >= 16384 AND nspname <> 'pg_toast'
  )
  SELECT nspname::text AS schema, 'schema' AS kind, '' AS name, xmin::text FROM pg_namespace WHERE nspname !~ '^pg_'
  UNION ALL
  SELECT nspname, relkind, relname, xmin::text FROM relation
  UNION ALL
  SELECT nspname, 'column', relname || '.' || attname, a.xmin::text FROM pg_attribute a JOIN relation c ON c.oid = attrelid
  UNION ALL
  SELECT nspname, 'constraint', relname || '.' || conname, k.xmin::text FROM pg_constraint k JOIN relation c ON c.oid = conrelid
  UNION ALL
  SELECT nspname, 'trigger', relname || '.' || tgname, t.xmin::text FROM pg_trigger t JOIN relation c ON c.oid = tgrelid
  UNION ALL
  SELECT typnamespace::regnamespace::text, 'type', typname, xmin::text FROM pg_type WHERE oid >= 16384
  UNION ALL
  SELECT pronamespace::regnamespace::text, 'function', proname, xmin::text FROM pg_proc WHERE oid >= 16384
  UNION ALL
  SELECT '', 'comment', objoid || '.' || objsubid || ': ' || description, xmin::text FROM pg_description WHERE objoid >= 16384
  UNION ALL
  SELECT '', 'database', datname, '' FROM pg_database`
const TABLES = `
  SELECT nspname::text AS schema, relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
  WHERE c.oid >= 16384 AND relkind IN ('r', 'p') AND nspname <> 'pg_toast'`

/**
 * The content of a database (catalog and rows) and the list of the server's databases. If it is equal before
 * and after, nothing was changed. Without `ledger`, the schema `slipway` is ignored. No other test may use the
 * server at that time.
 */
export async function databaseSnapshot(
  url: string,
  options: { ledger: boolean },
): Promise<readonly string[]> {
  const counts = (schema: string) => options.ledger || schema !== 'slipway'
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const catalog = await client.query<Record<'schema' | 'kind' | 'name' | 'xmin', string>>(CATALOG)
    const lines = catalog.rows
      .filter(({ schema }) => counts(schema))
      .map(({ schema, kind, name, xmin }) => `${kind} ${schema}.${name}, written by ${xmin}`)
    const tables = await client.query<Record<'schema' | 'name', string>>(TABLES)
    for (const { schema, name } of tables.rows.filter((table) => counts(table.schema))) {
      const table = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`
      const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${table} t`)
      lines.push(...rows.map(({ row }) => `row of ${table}: ${row}`))
    }
    return lines.toSorted()
  } finally {
    await client.end()
  }
}
