import type { Session } from '../../database/index.ts'

/** The files of materialized views, by the name of each. A view that is made or computed again has another file. */
export type StoredViews = ReadonlyMap<string, string>

export async function readStoredViews(session: Session): Promise<StoredViews> {
  const rows = await session.query<{ name: string; file: string }>(
    `SELECT oid::regclass::text AS name, oid || ' ' || relfilenode AS file FROM pg_class WHERE relkind = 'm'`,
  )
  return new Map(rows.map(({ name, file }) => [name, file]))
}

/** Views that do not hold what they held: it may have been older than the tables are. */
export function computedAgain(before: StoredViews, now: StoredViews): string[] {
  return [...before].flatMap(([name, file]) => (now.get(name) === file ? [] : [name]))
}
