import { inLedger, type Session } from '../../database/index.ts'
import { CATALOG_ROWS, classOf } from './catalog-rows.ts'

/**
 * Watches all existing objects, except some relations and their parts. Returns a function that tells whether all
 * watched objects are unchanged.
 */
export async function watchOthers(
  session: Session,
  relations: readonly number[],
): Promise<() => Promise<boolean>> {
  const { rows } = await session.queryRaw(ownSql(relations))
  const own = rows.map(([ofClass, id]) => `(${ofClass}::oid, ${id}::oid)`)
  const newest = await newestOid(session)
  const sql = inLedger(session, othersSql(own, newest))
  const read = async () => JSON.stringify((await session.queryRaw(sql)).rows)
  const before = await read()
  return async () => before === (await read())
}

/** A query for relations, their indexes, the sequences of identity columns, their row types and the arrays of these. */
function ownSql(relations: readonly number[]): string {
  const tables = `'{${relations.join(',')}}'::oid[]`
  const rowTypes = `SELECT reltype FROM pg_catalog.pg_class WHERE oid = ANY (${tables})`
  return `SELECT ${classOf('pg_class')}, unnest(${tables})
    UNION SELECT ${classOf('pg_class')}, indexrelid FROM pg_catalog.pg_index WHERE indrelid = ANY (${tables})
    UNION SELECT ${classOf('pg_class')}, objid FROM pg_catalog.pg_depend
      WHERE refclassid = ${classOf('pg_class')} AND refobjid = ANY (${tables})
        AND classid = ${classOf('pg_class')} AND deptype = 'i'
    UNION SELECT ${classOf('pg_type')}, oid FROM pg_catalog.pg_type WHERE oid IN (${rowTypes})
    UNION SELECT ${classOf('pg_type')}, typarray FROM pg_catalog.pg_type WHERE oid IN (${rowTypes})`
}

/** Catalogs of objects with OIDs: an object that is created later has a higher OID than all existing ones. */
const NUMBERED = [
  'pg_cast',
  'pg_class',
  'pg_collation',
  'pg_constraint',
  'pg_conversion',
  'pg_event_trigger',
  'pg_extension',
  'pg_language',
  'pg_namespace',
  'pg_opclass',
  'pg_operator',
  'pg_opfamily',
  'pg_proc',
  'pg_statistic_ext',
  'pg_transform',
  'pg_trigger',
  'pg_ts_config',
  'pg_ts_dict',
  'pg_ts_parser',
  'pg_ts_template',
  'pg_type',
]

async function newestOid(session: Session): Promise<number> {
  const newest = NUMBERED.map((catalog) => `(SELECT max(oid) FROM pg_catalog.${catalog})`)
  const [row] = await session.query<{ oid: number }>(
    `SELECT greatest(${newest.join(', ')})::int8::float8 AS oid`,
  )
  return row?.oid ?? 0
}

/** A query for the catalog rows of other, not newer objects: their number and the sum of their hashes, by catalog. */
function othersSql(own: readonly string[], newest: number): string {
  return `${CATALOG_ROWS}
SELECT catalog, count(*), sum(hash) FROM item
WHERE id <= ${newest}${own.length === 0 ? '' : ` AND (class, id) NOT IN (VALUES ${own.join(', ')})`}
GROUP BY catalog ORDER BY catalog COLLATE "C"`
}
