import { quoteIdentifier, type Session } from '../../database/index.ts'
import type { IndexName } from '../../statements/index.ts'

/** What exists under an index's name. An interrupted build leaves an `invalid` one. */
export type IndexState = 'absent' | 'valid' | 'invalid'

/** Looks up an index, in its schema or in the search path. */
export async function indexState(session: Session, index: IndexName): Promise<IndexState> {
  const result = await session.queryRaw(
    `SELECT i.indisvalid FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relname = $1 AND (n.nspname = $2 OR ($2::text IS NULL AND pg_table_is_visible(c.oid)))`,
    [index.name, index.schema ?? null],
  )
  const [valid] = result.rows[0] ?? []
  return valid === undefined ? 'absent' : valid === 't' ? 'valid' : 'invalid'
}

/** Drops an invalid index, so that `IF NOT EXISTS` does not mistake it for the wanted one. */
export async function dropInvalidIndex(session: Session, index: IndexName): Promise<boolean> {
  if ((await indexState(session, index)) !== 'invalid') return false
  const name = [index.schema, index.name]
    .filter((part) => part !== undefined)
    .map(quoteIdentifier)
    .join('.')
  await session.execute(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`)
  return true
}

/** The names, as SQL text, of all invalid indexes of the database, including those that a session is building. */
export async function invalidIndexes(session: Session): Promise<string[]> {
  const result = await session.queryRaw(
    `SELECT format('%I.%I', n.nspname, c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT i.indisvalid AND c.relkind = 'i'
     AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1`,
  )
  return result.rows.map(([name]) => name ?? '')
}
