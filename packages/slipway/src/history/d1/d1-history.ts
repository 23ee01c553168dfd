import { type D1Settings, quoteIdentifier, quoteText, type Session } from '../../database/index.ts'
import type { History } from '../prisma-history.ts'

/** How names end in wrangler's history: they are paths of files in the migrations folder. */
const ENDINGS = ['/migration.sql', '.sql'] as const

/**
 * Reads wrangler's history, oldest first. It has no checksums; the ledger has those of the migrations that Slipway
 * applied. Rolled back migrations are not in it.
 */
export async function readD1History(
  session: Session,
  { migrationsTable }: D1Settings,
): Promise<History> {
  const table = quoteIdentifier(migrationsTable)
  const found = await session.query<{ name: string }>(
    `SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN ($1, '_slipway_applied')`,
    [migrationsTable],
  )
  const names = new Set(found.map(({ name }) => name))
  if (!names.has(migrationsTable)) return { exists: false, rows: [] }
  const [checksum, join] = names.has('_slipway_applied')
    ? [
        'a.checksum',
        "LEFT JOIN _slipway_applied a ON m.name IN (a.name, a.name || '.sql', a.name || '/migration.sql')",
      ]
    : ['NULL', '']
  const { rows } = await session.queryRaw(
    `SELECT m.name, ${checksum}, m.applied_at FROM ${table} m ${join} ORDER BY m.id`,
  )
  return {
    exists: true,
    rows: rows.map(([name, recorded = null, at = null]) => ({
      migration: nameOf(name ?? ''),
      checksum: recorded,
      finishedAt: at,
      rolledBackAt: null,
      logs: null,
    })),
  }
}

/** The name of a migration: `0001_init` for the row `0001_init.sql` or `0001_init/migration.sql`. */
function nameOf(recorded: string): string {
  const ending = ENDINGS.find((one) => recorded.endsWith(one)) ?? ''
  return recorded.slice(0, recorded.length - ending.length)
}

/** SQL that creates the table as wrangler does. Source: wrangler, d1/migrations/helpers. */
export function createD1HistorySql({ migrationsTable }: D1Settings): string {
  return `CREATE TABLE IF NOT EXISTS ${quoteIdentifier(migrationsTable)}(
\t\tid         INTEGER PRIMARY KEY AUTOINCREMENT,
\t\tname       TEXT UNIQUE,
\t\tapplied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
);\n`
}

/** SQL that records a migration as applied, as wrangler does. */
export function d1AppliedSql(
  { migrationsTable, nameEnding = '.sql' }: D1Settings,
  migration: string,
): string {
  return `INSERT INTO ${quoteIdentifier(migrationsTable)} (name) VALUES (${quoteText(migration + nameEnding)});\n`
}

/** SQL that removes a migration from the history, so that wrangler sees it as pending. */
export function d1RemovedSql({ migrationsTable }: D1Settings, migration: string): string {
  const names = ['', ...ENDINGS].map((ending) => quoteText(migration + ending)).join(', ')
  return `DELETE FROM ${quoteIdentifier(migrationsTable)} WHERE name IN (${names});\n`
}

/** SQL of an expression that changes with every change of the history. */
export function d1StateSql({ migrationsTable }: D1Settings): string {
  return `(SELECT count(*) || ' ' || coalesce(max(id), 0) FROM ${quoteIdentifier(migrationsTable)})`
}
