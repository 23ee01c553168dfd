import type { Session } from '../port.ts'
import { ownPinSql } from './settings.ts'

/**
 * Runs queries of a catalog in one snapshot of the database, in a transaction that can change nothing. The server
 * prints the name of each object of users with its schema. The session must not be inside a transaction.
 */
export async function inSnapshot<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.execute(
    `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n${ownPinSql(session)}SET LOCAL search_path TO 'pg_catalog'`,
  )
  try {
    return await work()
  } finally {
    // It has changed nothing. What is pinned here alone ends with it.
    await session.execute('ROLLBACK').catch(() => undefined)
  }
}
