import { quoteLiteral, type Session } from '../database/index.ts'
import { failureOf } from '../kernel/index.ts'
import type { SeedSet } from './set.ts'
import type { TargetTable } from './target-tables.ts'

/** SQL that makes the tables of what was seeded; in one message, and without a word where they stand. */
export const createSeedLedgerSql = `SET LOCAL client_min_messages = warning;
CREATE SCHEMA IF NOT EXISTS slipway;
CREATE TABLE IF NOT EXISTS slipway.seed (
    name text PRIMARY KEY,
    version integer NOT NULL,
    checksum text NOT NULL,
    rows bigint NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    applied_by text NOT NULL,
    source_commit text
);
CREATE TABLE IF NOT EXISTS slipway.seed_row (
    seed text NOT NULL,
    relation text NOT NULL,
    key jsonb NOT NULL,
    PRIMARY KEY (seed, relation, key)
);
CREATE TABLE IF NOT EXISTS slipway.seed_table (
    seed text NOT NULL,
    relation text NOT NULL,
    content text NOT NULL,
    columns text[] NOT NULL,
    rows bigint NOT NULL,
    sum numeric NOT NULL,
    PRIMARY KEY (seed, relation)
);
`

/** What a database knows of a set that ran there. */
export interface SeedRecord {
  readonly name: string
  readonly version: number
  readonly checksum: string
  readonly rows: number
  readonly appliedAt: string
  readonly appliedBy: string
  readonly commit: string | null
}

/** All sets that ran on a database; none where none ever did. */
export async function readSeedLedger(session: Session): Promise<readonly SeedRecord[]> {
  try {
    const rows = await session.query<Omit<SeedRecord, 'rows'> & { rows: string }>(
      `SELECT name, version, checksum, rows, to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "appliedAt",
        applied_by AS "appliedBy", source_commit AS "commit" FROM slipway.seed ORDER BY name`,
    )
    return rows.map((row) => ({ ...row, rows: Number(row.rows) }))
  } catch (error) {
    const state = failureOf(error)?.server?.sqlstate
    if (state === '42P01' || state === '3F000') return []
    throw error
  }
}

/** Who runs seeds, and from which commit. */
export interface SeedAuthor {
  readonly by: string
  readonly commit?: string | undefined
}

/** SQL that writes down that a set ran. */
export function seedRecordSql(set: SeedSet, rows: number, { by, commit }: SeedAuthor): string {
  const values = [
    quoteLiteral(set.name),
    String(set.version),
    quoteLiteral(set.checksum),
    String(rows),
    quoteLiteral(by),
    commit === undefined ? 'NULL' : quoteLiteral(commit),
  ]
  return `INSERT INTO slipway.seed (name, version, checksum, rows, applied_by, source_commit) VALUES (${values.join(', ')})
ON CONFLICT (name) DO UPDATE SET version = EXCLUDED.version, checksum = EXCLUDED.checksum, rows = EXCLUDED.rows,
  applied_at = EXCLUDED.applied_at, applied_by = EXCLUDED.applied_by, source_commit = EXCLUDED.source_commit;\n`
}

/** A table as the ledger names it, as a literal. */
export function relationOf({ schema, name }: Pick<TargetTable, 'schema' | 'name'>): string {
  return quoteLiteral(`${schema}.${name}`)
}
