import { quoteText, type Session } from '../../database/index.ts'
import { readUncheckedTables } from '../../schema/index.ts'
import type { DumpedDatabase, FileSettings } from './dump-text.ts'
import { readObjects } from './objects.ts'

/** Runs reads on one snapshot, unaffected by concurrent writes. The session must not be in a transaction. */
export async function inReadTransaction<T>(session: Session, work: () => Promise<T>): Promise<T> {
  // The first read starts the snapshot.
  await session.execute('BEGIN; SELECT count(*) FROM sqlite_schema;')
  try {
    return await work()
  } finally {
    // Nothing was changed.
    await session.execute('ROLLBACK').catch(() => undefined)
  }
}

/** Reads what a dump needs to know about a database. */
export async function readDumped(
  session: Session,
  excluded: ReadonlySet<string>,
): Promise<DumpedDatabase> {
  const objects = await readObjects(session)
  return { session, objects, settings: await readSettings(session), excluded }
}

async function readSettings(session: Session): Promise<FileSettings> {
  const [row] = await session.query<Record<keyof FileSettings, number> & { encoding: string }>(`
    SELECT e.encoding, p.page_size AS pageSize, a.auto_vacuum AS autoVacuum, u.user_version AS userVersion,
      i.application_id AS applicationId, c.page_count * p.page_size AS bytes
    FROM pragma_encoding e, pragma_page_size p, pragma_auto_vacuum a, pragma_user_version u, pragma_application_id i, pragma_page_count c`)
  return {
    encoding: row?.encoding ?? 'UTF-8',
    pageSize: row?.pageSize ?? 4096,
    autoVacuum: row?.autoVacuum ?? 0,
    userVersion: row?.userVersion ?? 0,
    applicationId: row?.applicationId ?? 0,
    bytes: row?.bytes ?? 0,
  }
}

/** The number of rows that refer to missing rows. Foreign keys that do not match are not counted. */
export async function readOrphans(session: Session): Promise<number> {
  const unchecked = await readUncheckedTables(session)
  const names = unchecked.map(quoteText).join(', ')
  const source =
    unchecked.length === 0
      ? 'pragma_foreign_key_check'
      : `sqlite_schema m CROSS JOIN pragma_foreign_key_check(m.name) WHERE m.type = 'table' AND m.name NOT IN (${names})`
  const [row] = await session.query<{ orphans: number }>(
    `SELECT count(*) AS orphans FROM ${source}`,
  )
  return row?.orphans ?? 0
}
