/** The lowest OID of objects that are not the server's own. */
const FIRST_OID = 16_384

/** Schemas whose objects are excluded. */
const EXCLUDED_SCHEMAS = `nspname IN ('slipway', 'pg_toast') OR nspname ~ '^pg_(toast_)?temp_'`

/** The start of each query: the excluded schemas and relations. */
const EXCLUDED = `WITH excluded_schemas AS MATERIALIZED (
  SELECT oid FROM pg_catalog.pg_namespace WHERE ${EXCLUDED_SCHEMAS}
), excluded_relations AS MATERIALIZED (
  SELECT oid FROM pg_catalog.pg_class WHERE relnamespace IN (SELECT oid FROM excluded_schemas)
)`

/** The rows of one catalog that describe user objects, as SQL. */
interface CatalogRows {
  readonly catalog: string
  /** A hash of a row. */
  readonly hash: string
  /** Class and OID of the object that a row describes; zero if it is not part of an object. */
  readonly of: readonly [ofClass: string, id: string]
  /** The catalog and the condition. */
  readonly from: string
}

/**
 * A version of a row is identified by its object and `xmin`, the transaction that wrote it. VACUUM keeps `xmin`
 * when it freezes a row, and ANALYZE writes statistics in place. TRUNCATE, REINDEX and VACUUM FULL write rows of
 * `pg_class`, and restarting a sequence writes its row, although no object changes: such rows are identified by
 * their content without storage and statistics. Privileges and owners are not part of a fingerprint, so they are
 * excluded from `pg_class`.
 *
 * Temporary objects, which come and go, Slipway's own objects and TOAST tables are excluded. Only `pg_depend` tells
 * to which column a sequence belongs, and which objects an extension has. The roles of a policy count by name.
 */
const ALL_ROWS: readonly CatalogRows[] = [
  {
    catalog: 'pg_class',
    hash: `hashtextextended(ROW(oid, relname, relnamespace, reloftype, relam, reltablespace, relpersistence,
      relkind, relchecks, relrowsecurity, relforcerowsecurity, relreplident, relispartition, relispopulated,
      reloptions, relpartbound)::text, 0)`,
    of: [classOf('pg_class'), 'oid'],
    from: `pg_catalog.pg_class WHERE ${ofUser('oid')} AND relnamespace NOT IN (SELECT oid FROM excluded_schemas)`,
  },
  {
    catalog: 'pg_namespace',
    hash: 'hashtextextended(ROW(oid, nspname)::text, 0)',
    of: [classOf('pg_namespace'), 'oid'],
    from: 'pg_catalog.pg_namespace WHERE oid NOT IN (SELECT oid FROM excluded_schemas)',
  },
  {
    catalog: 'pg_roles',
    hash: 'hashtextextended(ROW(oid, rolname)::text, 0)',
    of: ['0::oid', '0::oid'],
    from: 'pg_catalog.pg_roles WHERE oid IN (SELECT unnest(polroles) FROM pg_catalog.pg_policy)',
  },
  rowsOf({
    catalog: 'pg_constraint',
    condition: 'connamespace NOT IN (SELECT oid FROM excluded_schemas)',
    of: [
      `CASE WHEN conrelid = 0 THEN ${classOf('pg_type')} ELSE ${classOf('pg_class')} END`,
      'CASE WHEN conrelid = 0 THEN contypid ELSE conrelid END',
    ],
  }),
  ...[
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
  ].map(([catalog = '', schema = '']) =>
    rowsOf({ catalog, condition: `${schema} NOT IN (SELECT oid FROM excluded_schemas)` }),
  ),
  ...[
    ['pg_attrdef', 'adrelid', 'adnum'],
    ['pg_foreign_table', 'ftrelid'],
    ['pg_index', 'indexrelid'],
    ['pg_inherits', 'inhrelid', 'inhseqno'],
    ['pg_partitioned_table', 'partrelid'],
    ['pg_policy', 'polrelid', 'oid'],
    ['pg_rewrite', 'ev_class', 'oid'],
    ['pg_trigger', 'tgrelid', 'oid'],
  ].map(([catalog = '', id = '', part]) =>
    rowsOf({
      catalog,
      id,
      part,
      condition: `${id} NOT IN (SELECT oid FROM excluded_relations)`,
      of: [classOf('pg_class'), id],
    }),
  ),
  {
    // The index of a partitioned table changes when a partition is added or removed.
    catalog: 'pg_inherits, by parent',
    hash: `hashtextextended(xmin::text, inhparent::bigint << 32 | (inhrelid::bigint & 4294967295))`,
    of: [classOf('pg_class'), 'inhparent'],
    from: `pg_catalog.pg_inherits WHERE ${ofUser('inhparent')} AND inhparent NOT IN (SELECT oid FROM excluded_relations)`,
  },
  rowsOf({
    catalog: 'pg_aggregate',
    id: 'aggfnoid::oid',
    of: [classOf('pg_proc'), 'aggfnoid::oid'],
  }),
  rowsOf({
    catalog: 'pg_description',
    id: 'objoid',
    part: 'objsubid',
    of: ['classoid', 'objoid'],
  }),
  rowsOf({ catalog: 'pg_enum', of: [classOf('pg_type'), 'enumtypid'] }),
  rowsOf({ catalog: 'pg_range', id: 'rngtypid', of: [classOf('pg_type'), 'rngtypid'] }),
  rowsOf({ catalog: 'pg_ts_config_map', id: 'mapcfg', part: 'maptokentype' }),
  ...['pg_cast', 'pg_event_trigger', 'pg_extension', 'pg_language', 'pg_transform'].map((catalog) =>
    rowsOf({ catalog }),
  ),
  rowsOf({
    catalog: 'pg_attribute',
    id: 'attrelid',
    part: 'attnum',
    condition: 'attnum > 0 AND attrelid NOT IN (SELECT oid FROM excluded_relations)',
    of: [classOf('pg_class'), 'attrelid'],
  }),
  {
    catalog: 'pg_sequence',
    hash: 'hashtextextended(s::text, 0)',
    of: [classOf('pg_class'), 'seqrelid'],
    from: 'pg_catalog.pg_sequence AS s WHERE seqrelid NOT IN (SELECT oid FROM excluded_relations)',
  },
  {
    catalog: 'pg_depend',
    hash: `hashtextextended(ROW(classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype)::text, 0)`,
    of: ['classid', 'objid'],
    from: `pg_catalog.pg_depend
      WHERE (deptype IN ('e', 'x') OR deptype IN ('a', 'i') AND classid = ${classOf('pg_class')}
          AND refclassid = ${classOf('pg_class')})
        AND ${ofUser('objid')} AND objid NOT IN (SELECT oid FROM excluded_relations)`,
  },
]

/** A query for the number of rows of each catalog, and the sum of their hashes. */
export const CATALOG_SUMS = `${EXCLUDED}
${ALL_ROWS.map(({ catalog, hash, from }) => `SELECT '${catalog}', count(*), sum(${hash})::text FROM ${from}`).join('\nUNION ALL ')}`

/**
 * The start of a query on `item`: the same rows one by one, as `catalog`, `hash`, and the `class` and `id` of the object
 * that each describes.
 */
export const CATALOG_ROWS = `${EXCLUDED}, item (catalog, hash, class, id) AS (
${ALL_ROWS.map(({ catalog, hash, of, from }) => `SELECT '${catalog}', ${hash}, ${of[0]}, ${of[1]} FROM ${from}`).join('\nUNION ALL ')}
)`

interface CatalogPart {
  readonly catalog: string
  /** The column with the OID of the object that a row belongs to; `oid` if absent. */
  readonly id?: string | undefined
  /** The part of the object that a row describes. */
  readonly part?: string | undefined
  readonly condition?: string
  /** Class and OID of the object that a row describes; its own if absent. */
  readonly of?: readonly [string, string]
}

/** The rows of a catalog, each with a hash of its object, of the part if one is named, and of `xmin`. */
function rowsOf({
  catalog,
  id = 'oid',
  part = '0',
  condition = 'true',
  of = [classOf(catalog), id],
}: CatalogPart): CatalogRows {
  return {
    catalog,
    hash: `hashtextextended(xmin::text, ${id}::bigint << 32 | (${part}::bigint & 4294967295))`,
    of,
    from: `pg_catalog.${catalog} WHERE ${ofUser(id)} AND ${condition}`,
  }
}

/** The OID of a catalog, as SQL. */
export function classOf(catalog: string): string {
  return `'pg_catalog.${catalog}'::regclass::oid`
}

/** Whether an OID belongs to a user object, as SQL. */
export function ofUser(id: string): string {
  return `${id} >= ${FIRST_OID}`
}
