import { quoteLiteral, type Session } from '../database/index.ts'
import { historySchema, readLedgerRows } from '../history/index.ts'
import type { TableRef } from '../statements/index.ts'
import type { SeedSet } from './set.ts'

/** A database's record of a set that ran there. */
export interface SeedRecord {
  readonly name: string
  readonly version: number
  readonly checksum: string
  readonly rows: number
  readonly appliedAt: string
  readonly appliedBy: string
  readonly commit: string | null
}

/** All sets that this project ran on a database; empty if it never ran one. */
export async function readPostgresSeedLedger(session: Session): Promise<readonly SeedRecord[]> {
  const rows = await readLedgerRows(
    session,
    'seed',
    `j ->> 'name', j ->> 'version', j ->> 'checksum', j ->> 'rows',
     to_char((j ->> 'applied_at')::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
     j ->> 'applied_by', j ->> 'source_commit'`,
  )
  return rows.map(([name, version, checksum, count, appliedAt, appliedBy, commit = null]) => ({
    name: name ?? '',
    version: Number(version),
    checksum: checksum ?? '',
    rows: Number(count),
    appliedAt: appliedAt ?? '',
    appliedBy: appliedBy ?? '',
    commit,
  }))
}

/** Who runs seeds, and from which commit. */
export interface SeedAuthor {
  readonly by: string
  readonly commit?: string | undefined
}

/** SQL that records that a set ran. */
export function seedRecordSql(
  session: Session,
  set: SeedSet,
  { rows, author }: { readonly rows: number; readonly author: SeedAuthor },
): string {
  const values = [
    historySchema(session),
    quoteLiteral(set.name),
    String(set.version),
    quoteLiteral(set.checksum),
    String(rows),
    quoteLiteral(author.by),
    author.commit === undefined ? 'NULL' : quoteLiteral(author.commit),
  ]
  return `INSERT INTO ${session.ledger}.seed (history_schema, name, version, checksum, rows, applied_by, source_commit)
VALUES (${values.join(', ')})
ON CONFLICT (history_schema, name) DO UPDATE SET version = EXCLUDED.version, checksum = EXCLUDED.checksum, rows = EXCLUDED.rows,
  applied_at = EXCLUDED.applied_at, applied_by = EXCLUDED.applied_by, source_commit = EXCLUDED.source_commit;\n`
}

/** The rows of a set and a table in `seed_row` and `seed_table`, as an SQL condition. */
export function ofSetAndTable(session: Session, set: SeedSet, target: TableRef): string {
  return `history_schema = ${historySchema(session)} AND seed = ${quoteLiteral(set.name)} AND relation = ${relationOf(session, target)}`
}

/** A literal with the ledger's name for a table. */
export function relationOf({ server }: Session, { schema, name }: TableRef): string {
  return quoteLiteral(`${schema ?? server.schema}.${name}`)
}

/**
 * The columns in which triggers changed values of the set; empty if the role cannot read the record of them.
 */
export async function readAlteredColumns(
  session: Session,
  { set, target }: { readonly set: SeedSet; readonly target: TableRef },
): Promise<ReadonlySet<string>> {
  const name = `${session.ledger}.seed_altered`
  const [there] = await session.query<{ is: boolean }>(
    `SELECT coalesce(has_table_privilege(to_regclass(${quoteLiteral(name)}), 'SELECT'), false) AS is`,
  )
  if (!there?.is) return new Set()
  const rows = await session.query<{ column_name: string }>(
    `SELECT DISTINCT column_name FROM ${name} WHERE ${ofSetAndTable(session, set, target)}`,
  )
  return new Set(rows.map((row) => row.column_name))
}
