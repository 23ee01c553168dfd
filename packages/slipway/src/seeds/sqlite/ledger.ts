import { quoteText, type Session } from '../../database/index.ts'
import type { SeedAuthor, SeedRecord } from '../ledger.ts'
import type { SeedSet } from '../set.ts'

/**
 * SQL that creates the ledger's tables for seeds in a SQLite database if they do not exist. `run` identifies
 * a run, so that a run whose response was lost can be found. Layouts are recorded in docs/decisions.
 */
export const CREATE_SEED_LEDGER = `CREATE TABLE IF NOT EXISTS _slipway_seed (
  name TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, checksum TEXT NOT NULL, rows INTEGER NOT NULL, run TEXT NOT NULL,
  applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')), applied_by TEXT NOT NULL, source_commit TEXT);
CREATE TABLE IF NOT EXISTS _slipway_seed_row (
  seed TEXT NOT NULL, relation TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (seed, relation, key)) WITHOUT ROWID;\n`

/** All sets that ran on a SQLite database; empty if none ever did. */
export async function readSqliteSeedLedger(session: Session): Promise<readonly SeedRecord[]> {
  if (!(await hasLedger(session))) return []
  const rows = await session.query<{ [Column in keyof SeedRecord]: SeedRecord[Column] }>(
    `SELECT name, version, checksum, rows, applied_at AS "appliedAt", applied_by AS "appliedBy", source_commit AS "commit"
     FROM _slipway_seed ORDER BY name`,
  )
  return rows.map((row) => ({ ...row }))
}

/** The ID of the last run of a set; undefined if it never ran. */
export async function readSeedRun(session: Session, set: SeedSet): Promise<string | undefined> {
  if (!(await hasLedger(session))) return undefined
  const [row] = await session.query<{ run: string }>(
    `SELECT run FROM _slipway_seed WHERE name = ${quoteText(set.name)}`,
  )
  return row?.run
}

async function hasLedger(session: Session): Promise<boolean> {
  const found = await session.query(`SELECT 1 FROM sqlite_schema WHERE name = '_slipway_seed'`)
  return found.length > 0
}

/** SQL that records that a set ran. */
export function sqliteSeedRecordSql(
  { name, version, checksum }: SeedSet,
  {
    rows,
    run,
    author: { by, commit },
  }: { readonly rows: number; readonly run: string; readonly author: SeedAuthor },
): string {
  const values = [
    quoteText(name),
    String(version),
    quoteText(checksum),
    String(rows),
    quoteText(run),
    quoteText(by),
    commit === undefined ? 'NULL' : quoteText(commit),
  ]
  return `INSERT INTO _slipway_seed (name, version, checksum, rows, run, applied_by, source_commit) VALUES (${values.join(', ')})
ON CONFLICT (name) DO UPDATE SET version = excluded.version, checksum = excluded.checksum, rows = excluded.rows, run = excluded.run,
  applied_at = excluded.applied_at, applied_by = excluded.applied_by, source_commit = excluded.source_commit;\n`
}
