import { quoteText, type Session } from '../../database/index.ts'

/**
 * An SQL condition on a name: the object belongs to the project. It is not SQLite's own, Slipway's or
 * Cloudflare D1's, and not a history table.
 */
export function isProjectsSql({ d1 }: Session, name: string): string {
  const histories = ['_prisma_migrations', 'd1_migrations', ...(d1 ? [d1.migrationsTable] : [])]
  return `${name} NOT IN (${histories.map(quoteText).join(', ')})
    AND ${name} NOT GLOB 'sqlite_*' AND ${name} NOT GLOB '_slipway_*' AND ${name} NOT GLOB '_cf_*'`
}

/**
 * A query for the tables of a project, including virtual tables, but not the shadow tables in which these
 * store their rows.
 */
export function projectTablesSql(session: Session): string {
  return `SELECT m.name, m.sql, l.type, l.wr, l.strict
  FROM pragma_table_list l JOIN sqlite_schema m ON m.type = 'table' AND m.name = l.name
  WHERE l.schema = 'main' AND l.type IN ('table', 'virtual') AND ${isProjectsSql(session, 'm.name')}`
}

/** SQL for the name of the table or view that a name in the text of a trigger or a foreign key means. */
interface NameLookup {
  /** The expression. If there is no such table or view, the name itself. */
  readonly name: string
  /** The join that it needs. Unlike a subquery, SQLite indexes it for many tables. */
  readonly join: string
}

/** Looks up a name that may be written with other letter case. `name` is qualified. */
export function lookUpName(name: string): NameLookup {
  return {
    name: `coalesce(o.name, ${name})`,
    join: `LEFT JOIN sqlite_schema o ON o.type IN ('table', 'view') AND o.name = ${name} COLLATE NOCASE`,
  }
}
