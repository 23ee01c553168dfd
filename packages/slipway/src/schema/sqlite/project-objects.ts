/**
 * The objects of a SQLite database that a project's migrations make, as an SQL condition on a name: not SQLite's own,
 * not Slipway's, not those of Cloudflare D1, and no history.
 */
export function isProjectsSql(name: string): string {
  return `${name} NOT IN ('_prisma_migrations', 'd1_migrations')
    AND ${name} NOT GLOB 'sqlite_*' AND ${name} NOT GLOB '_slipway_*' AND ${name} NOT GLOB '_cf_*'`
}

/** The tables of a project with the virtual ones, but not the shadow tables in which those keep their rows. */
export const PROJECT_TABLES = `SELECT m.name, m.sql, l.type, l.wr, l.strict
  FROM pragma_table_list l JOIN sqlite_schema m ON m.type = 'table' AND m.name = l.name
  WHERE l.schema = 'main' AND l.type IN ('table', 'virtual') AND ${isProjectsSql('m.name')}`
