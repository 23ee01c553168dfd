import { type Session, withSession } from '../../database/index.ts'
import type { MigrationFile } from '../../statements/index.ts'
import type { ShadowOptions } from '../shadow-database.ts'
import { replaySqlite } from './replay.ts'

/** Gives `work` an in-memory database with the given history. The database ends when `work` does. */
export async function withSqliteShadowDatabase<T>(
  { initScript = '' }: Pick<ShadowOptions, 'initScript'>,
  history: readonly MigrationFile[],
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return await withSession({ kind: 'sqlite' }, { isolated: true }, async (session) => {
    const first = initScript === '' ? [] : [{ name: 'initShadowDb', sql: initScript }]
    await replaySqlite(session, [...first, ...history])
    return await work(session)
  })
}
