import { inLedger, type Session } from '../../database/index.ts'
import { sha256 } from '../../kernel/index.ts'
import { lateValueSql } from './late-value.ts'

/** Changes when what a token is made of changes: a token of another method is never equal. */
const METHOD = 2

/**
 * A token of all objects of users in a database. Two equal tokens of one database mean that no object was made,
 * changed or dropped in between; two different ones mean nothing. It takes a few milliseconds, where reading the
 * catalog takes seconds: the server adds up a hash of each row of its catalogs.
 *
 * A row is known by its identity and `xmin`, the transaction that wrote it. VACUUM keeps `xmin` when it freezes a row, and
 * ANALYZE writes statistics in place. TRUNCATE, REINDEX and VACUUM FULL write rows of `pg_class`, and a restart of a
 * sequence its row, though no object changes: those rows are known by their content without storage and statistics. Privileges and owners are not
 * part of a fingerprint, so they are left out where they are in `pg_class`.
 *
 * Left out are temporary objects, which come and go, those of Slipway, and TOAST tables. `pg_depend` alone says to which
 * column a sequence belongs, and which objects an extension has. A number of a transaction returns after 4 billion
 * others, and other databases have the same numbers: the identity of the database is a part of the token, as far as the
 * role may read it.
 */
export async function readChangeToken(session: Session): Promise<string> {
  const { rows } = await session.queryRaw(
    `${inLedger(session, TOKEN)} UNION ALL SELECT 'database', oid, ${session.kind === 'embedded' ? 'NULL' : CLUSTER}
     FROM pg_catalog.pg_database WHERE datname = current_database() ORDER BY 1`,
  )
  return `${METHOD}:${sha256(JSON.stringify(rows))}`
}

/** The identifier of the cluster, if the role may read it. */
const CLUSTER = `CASE WHEN has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
  THEN ${lateValueSql('SELECT system_identifier::text FROM pg_catalog.pg_control_system()')} END`

/** The first OID that is not of the server's own objects. */
const FIRST_OID = 16_384

/** Schemas whose objects are left out. */
const ELSEWHERE = `nspname IN ('slipway', 'pg_toast') OR nspname ~ '^pg_(toast_)?temp_'`

const TOKEN = `WITH elsewhere AS MATERIALIZED (
  SELECT oid FROM pg_catalog.pg_namespace WHERE ${ELSEWHERE}
), left_out AS MATERIALIZED (
  SELECT oid FROM pg_catalog.pg_class WHERE relnamespace IN (SELECT oid FROM elsewhere)
)
SELECT 'pg_class', count(*), sum(hashtextextended(ROW(oid, relname, relnamespace, reloftype, relam, reltablespace, relpersistence,
      relkind, relchecks, relrowsecurity, relforcerowsecurity, relreplident, relispartition, relispopulated,
      reloptions, relpartbound)::text, 0))::text
  FROM pg_catalog.pg_class WHERE ${ofUser('oid')} AND relnamespace NOT IN (SELECT oid FROM elsewhere)
UNION ALL SELECT 'pg_namespace', count(*), sum(hashtextextended(ROW(oid, nspname)::text, 0))::text
  FROM pg_catalog.pg_namespace WHERE oid NOT IN (SELECT oid FROM elsewhere)
${[
  ['pg_constraint', 'connamespace'],
  ['pg_type', 'typnamespace'],
  ['pg_proc', 'pronamespace'],
  ['pg_collation', 'collnamespace'],
  ['pg_conversion', 'connamespace'],
  ['pg_operator', 'oprnamespace'],
  ['pg_opclass', 'opcnamespace'],
  ['pg_opfamily', 'opfnamespace'],
  ['pg_statistic_ext', 'stxnamespace'],
  ['pg_ts_config', 'cfgnamespace'],
  ['pg_ts_dict', 'dictnamespace'],
  ['pg_ts_parser', 'prsnamespace'],
  ['pg_ts_template', 'tmplnamespace'],
]
  .map(
    ([catalog = '', schema = '']) =>
      `UNION ALL ${rowsOf(catalog, 'oid', `${schema} NOT IN (SELECT oid FROM elsewhere)`)}`,
  )
  .join('\n')}
${[
  ['pg_attrdef', 'adrelid', 'adnum'],
  ['pg_foreign_table', 'ftrelid'],
  ['pg_index', 'indexrelid'],
  ['pg_inherits', 'inhrelid', 'inhseqno'],
  ['pg_partitioned_table', 'partrelid'],
  ['pg_policy', 'polrelid', 'oid'],
  ['pg_rewrite', 'ev_class', 'oid'],
  ['pg_trigger', 'tgrelid', 'oid'],
]
  .map(
    ([catalog = '', relation = '', part]) =>
      `UNION ALL ${rowsOf(catalog, relation, `${relation} NOT IN (SELECT oid FROM left_out)`, part)}`,
  )
  .join('\n')}
${[
  ['pg_aggregate', 'aggfnoid::oid'],
  ['pg_cast', 'oid'],
  ['pg_description', 'objoid', 'objsubid'],
  ['pg_enum', 'oid'],
  ['pg_event_trigger', 'oid'],
  ['pg_extension', 'oid'],
  ['pg_range', 'rngtypid'],
  ['pg_transform', 'oid'],
  ['pg_ts_config_map', 'mapcfg', 'maptokentype'],
]
  .map(([catalog = '', id = '', part]) => `UNION ALL ${rowsOf(catalog, id, 'true', part)}`)
  .join('\n')}
UNION ALL ${rowsOf('pg_attribute', 'attrelid', 'attnum > 0 AND attrelid NOT IN (SELECT oid FROM left_out)', 'attnum')}
UNION ALL SELECT 'pg_sequence', count(*), sum(hashtextextended(s::text, 0))::text
  FROM pg_catalog.pg_sequence AS s WHERE seqrelid NOT IN (SELECT oid FROM left_out)
UNION ALL SELECT 'pg_depend', count(*), sum(hashtextextended(ROW(classid, objid, objsubid, refclassid, refobjid,
    refobjsubid, deptype)::text, 0))::text
  FROM pg_catalog.pg_depend
  WHERE (deptype IN ('e', 'x') OR deptype IN ('a', 'i') AND classid = 'pg_catalog.pg_class'::regclass
        AND refclassid = 'pg_catalog.pg_class'::regclass)
      AND ${ofUser('objid')} AND objid NOT IN (SELECT oid FROM left_out)
`

/** A query of the hashes of a catalog's rows: of the object, the part of it if one is named, and `xmin`. */
function rowsOf(catalog: string, id: string, condition: string, part = '0'): string {
  const hash = `hashtextextended(xmin::text, ${id}::bigint << 32 | (${part}::bigint & 4294967295))`
  return `SELECT '${catalog}', count(*), sum(${hash})::text
  FROM pg_catalog.${catalog} WHERE ${ofUser(id)} AND ${condition}`
}

function ofUser(id: string): string {
  return `${id} >= ${FIRST_OID}`
}
