/**
 * An SQL condition on a name: the object belongs to the project. It is not SQLite's own, Slipway's or
 * Cloudflare D1's, and not a history table.
 */
export function isProjectsSql(name: string): string {
  return `${name} NOT IN ('_prisma_migrations', 'd1_migrations')
    AND ${name} NOT GLOB 'sqlite_*' AND ${name} NOT GLOB '_slipway_*' AND ${name} NOT GLOB '_cf_*'`
}

/**
 * The tables of a project, including virtual tables, but not the shadow tables in which these store their
 * rows.
 */
export const PROJECT_TABLES = `SELECT m.name, m.sql, l.type, l.wr, l.strict
  FROM pragma_table_list l JOIN sqlite_schema m ON m.type = 'table' AND m.name = l.name
  WHERE l.schema = 'main' AND l.type IN ('table', 'virtual') AND ${isProjectsSql('m.name')}`
