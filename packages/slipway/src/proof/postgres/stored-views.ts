import type { Session } from '../../database/index.ts'

/**
 * The files of materialized views, by view name. A view that was recreated or refreshed has a different file.
 */
export type StoredViews = ReadonlyMap<string, string>

export async function readStoredViews(session: Session): Promise<StoredViews> {
  const rows = await session.query<{ name: string; file: string }>(
    `SELECT oid::regclass::text AS name, oid || ' ' || relfilenode AS file FROM pg_class WHERE relkind = 'm'`,
  )
  return new Map(rows.map(({ name, file }) => [name, file]))
}

/**
 * Views that were recreated or refreshed. Their previous rows may have been older than those of the tables.
 */
export function refreshedViews(before: StoredViews, now: StoredViews): string[] {
  return [...before].flatMap(([name, file]) => (now.get(name) === file ? [] : [name]))
}
