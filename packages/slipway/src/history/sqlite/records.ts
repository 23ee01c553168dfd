import { quoteText, type Session } from '../../database/index.ts'
import { createD1HistorySql, d1AppliedSql, d1RemovedSql, d1StateSql } from '../d1/d1-history.ts'
import {
  appliedRowSql,
  checksumRowSql,
  createHistorySql,
  historyTable,
  markedRowSql,
  rolledBackRowSql,
  keepOneRowSql,
} from '../prisma-history.ts'

/**
 * The SQL that writes the history of a SQLite database: Prisma's `_prisma_migrations`, or wrangler's `d1_migrations`.
 * It is sent with the migration, in one transaction.
 */
export interface HistoryRecords {
  /** Creates the table if it does not exist. */
  readonly createSql: string
  /** An expression that changes with every change of the history. */
  readonly stateSql: string
  applied(migration: string, checksum: string): string
  /** Records a migration as applied without running it. */
  marked(migration: string, checksum: string): string
  /** Records a migration as no longer applied. */
  rolledBack(migration: string): string
  /** Keeps one of several rows of a migration. */
  single(migration: string, checksum: string): string
  /** Records the checksum of an edited file. */
  edited(migration: string, checksum: string): string
}

/** The records of a session's database. wrangler keeps no checksums: those are in the ledger. */
export function recordsOf(session: Session): HistoryRecords {
  const { d1 } = session
  if (!d1) {
    return {
      createSql: createHistorySql(session),
      stateSql: `(SELECT count(*) || ' ' || coalesce(max(rowid), 0) || ' ' || count(finished_at) || ' ' || count(rolled_back_at) FROM ${historyTable(session)})`,
      applied: (...row) => appliedRowSql(session, ...row),
      marked: (...row) => markedRowSql(session, ...row),
      rolledBack: (migration) => rolledBackRowSql(session, migration),
      single: (...row) => keepOneRowSql(session, ...row),
      edited: (...row) => checksumRowSql(session, ...row),
    }
  }
  const applied = (migration: string, checksum: string) =>
    d1AppliedSql(d1, migration) + checksumSql(migration, checksum)
  return {
    createSql: createD1HistorySql(d1),
    stateSql: d1StateSql(d1),
    applied,
    marked: applied,
    rolledBack: (migration) =>
      `${d1RemovedSql(d1, migration)}DELETE FROM _slipway_applied WHERE name = ${quoteText(migration)};\n`,
    // wrangler's names are unique.
    single: checksumSql,
    edited: checksumSql,
  }
}

function checksumSql(migration: string, checksum: string): string {
  return `INSERT INTO _slipway_applied (name, checksum) VALUES (${quoteText(migration)}, ${quoteText(checksum)})
ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum;\n`
}
