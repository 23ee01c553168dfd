import type { Session } from '../database/index.ts'
import { dependentsOf, watchOthers } from '../history/index.ts'
import type { CatalogReader } from '../schema/index.ts'
import { relatedTables } from '../shadow/index.ts'
import type { ObjectName } from '../statements/index.ts'

/** The part of a large shadow database that a test run changes according to its statements. */
export interface WatchedPart {
  /** Reads only this part. */
  readonly catalogs: CatalogReader
  /**
   * Whether, according to the server, nothing else has changed since, and all of the `written` relations
   * belong to the part.
   */
  isAll(written: readonly string[]): Promise<boolean>
}

/**
 * Watches the named tables, what they refer to, what depends on them, all types and routines, and everything
 * that is created from now on. Undefined for a small schema, which is read as a whole.
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

/** Objects created later have a higher OID. */
async function newestOid(session: Session): Promise<number> {
  const [row] = await session.query<{ oid: number }>(
    'SELECT max(oid)::int8::float8 AS oid FROM pg_class',
  )
  return row?.oid ?? 0
}

/** The OIDs of the relations that exist. Dropped ones are noticed anyway. */
async function oidsOf(session: Session, relations: readonly string[]): Promise<number[]> {
  const rows = await session.query<{ oid: number }>(
    `SELECT to_regclass(name)::oid::int8::float8 AS oid FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL`,
    [relations],
  )
  return rows.map(({ oid }) => oid)
}
