import type { PrismaTable } from '../prisma-table.ts'

/** Milliseconds since 1970: how Prisma's engine writes times to SQLite. */
const CLOCK = `CAST(unixepoch('subsec') * 1000 AS INTEGER)`

/** Source: Prisma's SQLite connector. */
export const sqliteTable: PrismaTable = {
  nameSql: () => '"_prisma_migrations"',
  columnsSql: `    "id" TEXT PRIMARY KEY NOT NULL,
    "checksum" TEXT NOT NULL,
    "finished_at" DATETIME,
    "migration_name" TEXT NOT NULL,
    "logs" TEXT,
    "rolled_back_at" DATETIME,
    "started_at" DATETIME NOT NULL DEFAULT current_timestamp,
    "applied_steps_count" INTEGER UNSIGNED NOT NULL DEFAULT 0`,
  nowSql: CLOCK,
  clockSql: CLOCK,
  // The default of the column is a text, so other tools may have left texts there.
  timeSql: (column) =>
    `CASE typeof(${column}) WHEN 'integer' THEN strftime('%Y-%m-%dT%H:%M:%fZ', ${column} / 1000.0, 'unixepoch') ELSE ${column} END`,
  literal: (text) => `'${text.replaceAll("'", "''")}'`,
  isMissing: ({ sqlite }) => sqlite?.message === 'no such table: _prisma_migrations',
}
