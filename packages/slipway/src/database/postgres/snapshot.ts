import type { Session } from '../port.ts'
import { ownPinSql } from './settings.ts'

/**
 * Runs catalog queries in one snapshot of the database, in a transaction that can change nothing. The
 * server prints the names of user objects with their schema. The session must not be inside a
 * transaction.
 */
export async function inSnapshot<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.execute(
    `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n${ownPinSql(session)}SET LOCAL search_path TO 'pg_catalog'`,
  )
  try {
    return await work()
  } finally {
    // The transaction has changed nothing, and settings pinned only here end with it.
    await session.execute('ROLLBACK').catch(() => undefined)
  }
}
