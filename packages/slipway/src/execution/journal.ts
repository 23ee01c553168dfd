import type { Session } from '../database/index.ts'
import {
  appliedRowSql,
  type Direction,
  failedRowSql,
  finishedRowSql,
  deleteUnfinishedRowSql,
  journalClearSql,
  receiptSql,
  reopenRowSql,
  rolledBackRowSql,
  startedRowSql,
} from '../history/index.ts'

/**
 * SQL that records a migration in Prisma's history and in the ledger, each piece sent with the work that it
 * records.
 */
export interface Journal {
  readonly direction: Direction
  /** With the transaction that runs the whole migration. */
  wholeSql(attempts: number): string
  /** Before the first of several transaction groups. */
  begunSql(): string
  /** With the last of several transaction groups. */
  finishedSql(attempts: number): string
  /** When a transaction group fails and those before it are committed. */
  failedSql(logs: string): string
  /** When the first transaction group fails and nothing is committed. */
  undoneSql(): string
}

/** Records nothing. */
export const NO_JOURNAL: Journal = {
  direction: 'down',
  wholeSql: () => '',
  begunSql: () => '',
  finishedSql: () => '',
  failedSql: () => '',
  undoneSql: () => '',
}

/** The journal of a migration that is being applied: at the end, the history has a finished row for it. */
export function deployJournal(session: Session, migration: string, checksum: string): Journal {
  const receipt = (attempts: number) =>
    receiptSql(session, { command: 'deploy', migration, attempts })
  return {
    direction: 'up',
    wholeSql: (attempts) => appliedRowSql(session, migration, checksum) + receipt(attempts),
    begunSql: () => startedRowSql(session, migration, checksum),
    finishedSql: (attempts) => finishedRowSql(session, migration, checksum) + receipt(attempts),
    failedSql: (logs) => failedRowSql(session, migration, logs),
    undoneSql: () => deleteUnfinishedRowSql(session, migration),
  }
}

/**
 * The journal of a migration that is being rolled back: its row is marked as rolled back, which Prisma reads as
 * pending. `end` is SQL that completes the work in the same transaction.
 */
export function rollbackJournal(session: Session, migration: string, end = ''): Journal {
  const whole = (attempts: number) =>
    end +
    rolledBackRowSql(session, migration) +
    receiptSql(session, { command: 'rollback', migration, attempts })
  return {
    direction: 'down',
    wholeSql: whole,
    // A migration that is half rolled back is neither applied nor pending; without `finished_at`, Prisma also reports it as failed.
    begunSql: () => reopenRowSql(session, migration),
    finishedSql: whole,
    failedSql: (logs) => failedRowSql(session, migration, logs),
    undoneSql: () => finishedRowSql(session, migration),
  }
}

/** The journal of a repair: `rowSql` runs in the last transaction; until then the migration stays failed. */
export function repairJournal(
  session: Session,
  migration: string,
  { direction, rowSql }: { readonly direction: Direction; readonly rowSql: string },
): Journal {
  const whole = (attempts: number) =>
    rowSql +
    receiptSql(session, { command: 'repair', migration, attempts }) +
    journalClearSql(session, migration)
  const failed = (logs: string) => failedRowSql(session, migration, logs)
  return {
    direction,
    wholeSql: whole,
    begunSql: () => '',
    finishedSql: whole,
    failedSql: failed,
    undoneSql: () => failed('The first statement of a repair failed.'),
  }
}
