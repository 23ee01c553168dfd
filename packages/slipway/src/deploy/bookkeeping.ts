import type { Session } from '../database/index.ts'
import {
  appliedRowSql,
  type Direction,
  failedRowSql,
  finishedRowSql,
  forgottenRowSql,
  receiptSql,
  reopenedRowSql,
  rolledBackRowSql,
  startedRowSql,
} from '../history/index.ts'

/** The SQL that records a migration in Prisma's history, each piece sent with the work that it records. */
export interface Bookkeeping {
  readonly direction: Direction
  /** With the transaction that did all of it. */
  whole(attempts: number): string
  /** Before the first of several transaction groups. */
  begun(): string
  /** With the last of several transaction groups. */
  finished(attempts: number): string
  /** When a transaction group fails and those before it stand. */
  failed(logs: string): string
  /** When the first transaction group fails and nothing stands. */
  undone(): string
}

/** Applying a migration: the row of it appears, finished. */
export function applying(session: Session, migration: string, checksum: string): Bookkeeping {
  return {
    direction: 'up',
    whole: (attempts) =>
      appliedRowSql(session, migration, checksum) +
      receiptSql(session, { command: 'deploy', migration, attempts }),
    begun: () => startedRowSql(session, migration, checksum),
    finished: (attempts) =>
      finishedRowSql(session, migration, checksum) +
      receiptSql(session, { command: 'deploy', migration, attempts }),
    failed: (logs) => failedRowSql(session, migration, logs),
    undone: () => forgottenRowSql(session, migration),
  }
}

/**
 * Rolling a migration back: its row is marked as rolled back, which Prisma reads as pending. `first` is SQL
 * that ends the work in the same transaction.
 */
export function rollingBack(session: Session, migration: string, first = ''): Bookkeeping {
  const whole = (attempts: number) =>
    first +
    rolledBackRowSql(session, migration) +
    receiptSql(session, { command: 'rollback', migration, attempts })
  return {
    direction: 'down',
    whole,
    // Half rolled back is neither applied nor pending: without its finish, Prisma too calls it failed.
    begun: () => reopenedRowSql(session, migration),
    finished: whole,
    failed: (logs) => failedRowSql(session, migration, logs),
    undone: () => finishedRowSql(session, migration),
  }
}
