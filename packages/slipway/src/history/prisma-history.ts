import { randomUUID } from 'node:crypto'
import type { Session } from '../database/index.ts'
import { failureOf } from '../kernel/index.ts'
import { prismaTableOf } from './dialects.ts'

/** The columns of `_prisma_migrations` that give the state of a migration. Times are the server's, as text. */
export interface HistoryRow {
  readonly migration: string
  /** SHA-256 of its file; null if it was applied by a tool that records none (wrangler). */
  readonly checksum: string | null
  readonly finishedAt: string | null
  readonly rolledBackAt: string | null
  readonly logs: string | null
}

/** The migrations that a database records as applied to it, oldest first. */
export interface History {
  /** Whether the table exists at all. */
  readonly exists: boolean
  readonly rows: readonly HistoryRow[]
}

/** The history table as SQL, in the schema that Prisma uses on this session. */
export function historyTable(session: Session): string {
  return prismaTableOf(session).nameSql(session)
}

/** Reads Prisma's history. A database without the table has an empty one. */
export async function readPrismaHistory(session: Session): Promise<History> {
  const { timeSql, isMissing } = prismaTableOf(session)
  try {
    const result = await session.queryRaw(
      `SELECT migration_name, checksum, ${timeSql('finished_at')}, ${timeSql('rolled_back_at')}, logs
       FROM ${historyTable(session)} ORDER BY started_at, migration_name`,
    )
    return { exists: true, rows: result.rows.map(rowFrom) }
  } catch (error) {
    const failure = failureOf(error)
    if (failure !== undefined && isMissing(failure)) return { exists: false, rows: [] }
    throw error
  }
}

function rowFrom(values: readonly (string | null)[]): HistoryRow {
  const [migration, checksum, finishedAt = null, rolledBackAt = null, logs = null] = values
  return { migration: migration ?? '', checksum: checksum ?? '', finishedAt, rolledBackAt, logs }
}

/** SQL that creates the history table if it does not exist. */
export function createHistorySql(session: Session): string {
  const { nameSql, columnsSql } = prismaTableOf(session)
  return `CREATE TABLE IF NOT EXISTS ${nameSql(session)} (\n${columnsSql}\n);\n`
}

/** SQL that inserts the row of a migration in the one transaction that applies it. */
export function appliedRowSql(session: Session, migration: string, checksum: string): string {
  const { literal, nowSql, clockSql } = prismaTableOf(session)
  return `INSERT INTO ${historyTable(session)} (id, checksum, finished_at, migration_name, started_at, applied_steps_count)
VALUES ('${randomUUID()}', '${checksum}', ${clockSql}, ${literal(migration)}, ${nowSql}, 1);\n`
}

/**
 * SQL that inserts the row of a migration that is marked as applied without being run: like Prisma, with 0 steps and
 * empty logs. The clock time keeps several rows of one transaction in order.
 */
export function markedRowSql(session: Session, migration: string, checksum: string): string {
  const { literal, clockSql } = prismaTableOf(session)
  return `INSERT INTO ${historyTable(session)} (id, checksum, started_at, finished_at, migration_name, logs, applied_steps_count)
VALUES ('${randomUUID()}', '${checksum}', ${clockSql}, ${clockSql}, ${literal(migration)}, '', 0);\n`
}

/** SQL that inserts the row of a migration that begins; until it is finished, Prisma considers it failed. */
export function startedRowSql(session: Session, migration: string, checksum: string): string {
  const { literal, clockSql } = prismaTableOf(session)
  return `INSERT INTO ${historyTable(session)} (id, checksum, migration_name, started_at)
VALUES ('${randomUUID()}', '${checksum}', ${literal(migration)}, ${clockSql});\n`
}

/** The row of a migration that is neither finished nor rolled back, as an SQL condition. */
function unfinished(session: Session, migration: string): string {
  return `migration_name = ${prismaTableOf(session).literal(migration)} AND finished_at IS NULL AND rolled_back_at IS NULL`
}

/** SQL that finishes an unfinished row; `checksum` is that of the current file, if it may have changed. */
export function finishedRowSql(session: Session, migration: string, checksum?: string): string {
  const { clockSql } = prismaTableOf(session)
  const edited = checksum === undefined ? '' : `, checksum = '${checksum}'`
  return `UPDATE ${historyTable(session)} SET finished_at = ${clockSql}, applied_steps_count = 1, logs = NULL${edited}
WHERE ${unfinished(session, migration)};\n`
}

/** SQL that makes the row of an applied migration unfinished again, while it is being rolled back in steps. */
export function reopenRowSql(session: Session, migration: string): string {
  const { literal } = prismaTableOf(session)
  return `UPDATE ${historyTable(session)} SET finished_at = NULL
WHERE migration_name = ${literal(migration)} AND rolled_back_at IS NULL;\n`
}

/** SQL that records in its row why a migration failed, as Prisma does. */
export function failedRowSql(session: Session, migration: string, logs: string): string {
  const { literal } = prismaTableOf(session)
  const text = session.server.encoding === 'UTF8' ? logs : asciiOf(logs)
  return `UPDATE ${historyTable(session)} SET logs = ${literal(text)} WHERE ${unfinished(session, migration)};\n`
}

/** A database with another encoding lacks most characters, and cannot store a text that has one of them. */
function asciiOf(text: string): string {
  return text.replaceAll('…', '...').replaceAll(/[^\t\n\x20-\x7E]/g, '?')
}

/** SQL that clears the error of a failed migration, because a command continues it. */
export function clearErrorSql(session: Session, migration: string): string {
  return `UPDATE ${historyTable(session)} SET logs = NULL WHERE ${unfinished(session, migration)};\n`
}

/** SQL that deletes the row of a migration that began and left nothing behind. */
export function deleteUnfinishedRowSql(session: Session, migration: string): string {
  return `DELETE FROM ${historyTable(session)} WHERE ${unfinished(session, migration)};\n`
}

/** SQL that marks a migration as rolled back in all its rows that count: Prisma then sees it as pending. */
export function rolledBackRowSql(session: Session, migration: string): string {
  const { literal, nowSql } = prismaTableOf(session)
  return `UPDATE ${historyTable(session)} SET rolled_back_at = ${nowSql}
WHERE migration_name = ${literal(migration)} AND rolled_back_at IS NULL;\n`
}

/** The `logs` of a row that was a duplicate of another one. */
const DUPLICATE = 'slipway: another row records this migration'

/**
 * SQL that keeps one of several rows that record a migration as applied: the first with the checksum of the file, or
 * else the first. The others get `rolled_back_at`, as when Prisma resolves a migration. Nothing is deleted.
 */
export function keepOneRowSql(session: Session, migration: string, checksum: string): string {
  const { literal, nowSql } = prismaTableOf(session)
  const table = historyTable(session)
  const applied = `migration_name = ${literal(migration)} AND finished_at IS NOT NULL AND rolled_back_at IS NULL`
  return `UPDATE ${table} SET rolled_back_at = ${nowSql}, logs = ${literal(DUPLICATE)} WHERE ${applied}
  AND id <> (SELECT id FROM ${table} WHERE ${applied} ORDER BY checksum <> '${checksum}', started_at, id LIMIT 1);\n`
}

/** SQL that records the checksum of the current file. */
export function checksumRowSql(session: Session, migration: string, checksum: string): string {
  const { literal } = prismaTableOf(session)
  return `UPDATE ${historyTable(session)} SET checksum = '${checksum}'
WHERE migration_name = ${literal(migration)} AND rolled_back_at IS NULL;\n`
}

/** The `logs` of a migration that a squash replaced. */
export function intoSquash(squash: string): string {
  return `slipway: squashed into ${squash}`
}

/**
 * SQL that replaces applied migrations with a squash: its row takes the place of the first of their rows. Their rows
 * get `rolled_back_at`, as when Prisma resolves a migration, and logs that give the reason. Nothing is deleted.
 */
export function squashedRowsSql(
  session: Session,
  squash: {
    readonly name: string
    readonly checksum: string
    readonly replaces: readonly string[]
  },
): string {
  const { literal, nowSql, clockSql } = prismaTableOf(session)
  const table = historyTable(session)
  const { name, checksum, replaces } = squash
  const old = `migration_name IN (${replaces.map(literal).join(', ')}) AND finished_at IS NOT NULL AND rolled_back_at IS NULL`
  const own = `migration_name = ${literal(name)} AND rolled_back_at IS NULL`
  return `INSERT INTO ${table} (id, checksum, started_at, finished_at, migration_name, logs, applied_steps_count)
SELECT '${randomUUID()}', '${checksum}', ${clockSql}, ${clockSql}, ${literal(name)}, '', 0
WHERE NOT EXISTS (SELECT 1 FROM ${table} WHERE ${own});
UPDATE ${table} SET started_at = (SELECT min(started_at) FROM ${table} WHERE ${old}) WHERE ${own};
UPDATE ${table} SET rolled_back_at = ${nowSql}, logs = ${literal(intoSquash(name))} WHERE ${old};\n`
}
