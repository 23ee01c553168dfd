import type { Session } from '../database/index.ts'
import { dependentsOf, watchOthers } from '../history/index.ts'
import type { CatalogReader } from '../schema/index.ts'
import { relatedTables } from '../shadow/index.ts'
import type { ObjectName } from '../statements/index.ts'

/** The part of a large shadow database that a test run changes, as far as its statements say. */
export interface WatchedPart {
  /** Reads the part alone. */
  readonly catalogs: CatalogReader
  /** Whether nothing else has changed since, by what the server says; nor rows of others, of the relations that were written. */
  isAll(written: readonly string[]): Promise<boolean>
}

/**
 * Watches the tables that are named, what they refer to and what depends on them, with all types and routines, and what
 * is made from now on. Nothing for a small schema: it is read as a whole.
 */
export async function watchPart(
  session: Session,
  named: readonly ObjectName[],
  catalogs: CatalogReader,
): Promise<WatchedPart | undefined> {
  const related = await relatedTables(session, named)
  if (!related) return undefined
  const tables = { relations: related, types: [], routines: [], collations: [] }
  const { relations } = await dependentsOf(session, tables)
  const watched = new Set([...related, ...relations])
  const newest = await newestOid(session)
  const areOthersSame = await watchOthers(session, [...watched])
  return {
    catalogs: catalogs.of((kind, oid) =>
      kind === 'relations'
        ? `(${oid} = ANY ('{${[...watched].join(',')}}'::oid[]) OR ${oid} > ${newest})`
        : 'true',
    ),
    async isAll(written) {
      if (!(await areOthersSame())) return false
      const oids = await oidsOf(session, written)
      return oids.every((oid) => watched.has(oid) || oid > newest)
    },
  }
}

/** What is made later has a higher OID. */
async function newestOid(session: Session): Promise<number> {
  const [row] = await session.query<{ oid: number }>(
    'SELECT max(oid)::int8::float8 AS oid FROM pg_class',
  )
  return row?.oid ?? 0
}

/** Of those that exist; what is gone has changed anyway. */
async function oidsOf(session: Session, relations: readonly string[]): Promise<number[]> {
  const rows = await session.query<{ oid: number }>(
    `SELECT to_regclass(name)::oid::int8::float8 AS oid FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL`,
    [relations],
  )
  return rows.map(({ oid }) => oid)
}
