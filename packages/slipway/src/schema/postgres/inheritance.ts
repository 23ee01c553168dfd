import type { Fact, FactBase, Payload, StableId } from '@supabase/pg-delta'
import type { Row } from '../../database/index.ts'

/**
 * Properties of partitions and child tables that pg-delta does not read. They are in the payload of a fact as
 * `_heritage`: pg-delta ignores keys that begin with `_`, and `comparable` includes it in comparisons.
 */
export interface Inheritance {
  /** All parents of a table that has several. */
  readonly parents?: readonly TableName[]
  /** Inherited columns of a partition or child table that differ from those of the parent. */
  readonly own?: Readonly<Record<string, OwnColumn>>
  /** The comments on inherited columns of a partition or child table. */
  readonly comments?: Readonly<Record<string, string>>
  /** Whether an index or key of a partitioned table is valid: it needs an index on each partition. */
  readonly valid?: boolean
  /** For an index or constraint of a partitioned table: those of its partitions that belong to it. */
  readonly children?: readonly Child[]
}

export interface TableName {
  readonly schema: string
  readonly name: string
}

export interface OwnColumn {
  readonly notNull: boolean
  readonly default?: string
}

/** The index or the constraint of a partition. */
export interface Child {
  readonly schema: string
  readonly table: string
  readonly name: string
  /** The definition of an index. */
  readonly def?: string
}

const OF_TABLE = `json_strip_nulls(json_build_object(
    'parents', (SELECT json_agg(json_build_object('schema', hn.nspname, 'name', hp.relname) ORDER BY h.inhseqno)
      FROM pg_inherits h JOIN pg_class hp ON hp.oid = h.inhparent JOIN pg_namespace hn ON hn.oid = hp.relnamespace
      WHERE h.inhrelid = c.oid HAVING count(*) > 1),
    'own', (SELECT json_object_agg(ha.attname, json_build_object('notNull', ha.attnotnull, 'default', pg_get_expr(hd.adbin, hd.adrelid)) ORDER BY ha.attname)
      FROM pg_inherits h JOIN pg_attribute ha ON ha.attrelid = h.inhrelid AND ha.attnum > 0 AND NOT ha.attisdropped AND NOT ha.attislocal
      JOIN pg_attribute pa ON pa.attrelid = h.inhparent AND pa.attname = ha.attname
      LEFT JOIN pg_attrdef hd ON hd.adrelid = ha.attrelid AND hd.adnum = ha.attnum
      LEFT JOIN pg_attrdef pd ON pd.adrelid = pa.attrelid AND pd.adnum = pa.attnum
      WHERE h.inhrelid = c.oid AND ha.attgenerated = '' AND (ha.attnotnull <> pa.attnotnull
        OR pg_get_expr(hd.adbin, hd.adrelid) IS DISTINCT FROM pg_get_expr(pd.adbin, pd.adrelid))),
    'comments', (SELECT json_object_agg(ha.attname, hd.description ORDER BY ha.attname)
      FROM pg_attribute ha JOIN pg_description hd ON hd.classoid = 'pg_class'::regclass AND hd.objoid = ha.attrelid AND hd.objsubid = ha.attnum
      WHERE ha.attrelid = c.oid AND ha.attnum > 0 AND NOT ha.attisdropped AND NOT ha.attislocal)))`

const OF_INDEX = `CASE WHEN ic.relkind = 'I' THEN json_strip_nulls(json_build_object('valid', i.indisvalid,
    'children', (SELECT json_agg(json_build_object('schema', hn.nspname, 'table', ht.relname, 'name', hc.relname, 'def', pg_get_indexdef(hc.oid)) ORDER BY hn.nspname, ht.relname, hc.relname)
      FROM pg_partition_tree(i.indexrelid) h JOIN pg_class hc ON hc.oid = h.relid JOIN pg_index hi ON hi.indexrelid = hc.oid
      JOIN pg_class ht ON ht.oid = hi.indrelid JOIN pg_namespace hn ON hn.oid = ht.relnamespace WHERE h.level > 0))) END`

const OF_CONSTRAINT = `CASE WHEN c.relkind = 'p' AND con.contype <> 'c' THEN json_strip_nulls(json_build_object(
    'valid', (SELECT hi.indisvalid FROM pg_index hi WHERE hi.indexrelid = con.conindid AND con.contype <> 'f'),
    'children', (WITH RECURSIVE h AS (
        SELECT k.oid, k.conname, k.conrelid FROM pg_constraint k WHERE k.conparentid = con.oid AND k.conrelid <> con.conrelid
        UNION ALL SELECT k.oid, k.conname, k.conrelid FROM pg_constraint k JOIN h ON k.conparentid = h.oid AND k.conrelid <> h.conrelid)
      SELECT json_agg(json_build_object('schema', hn.nspname, 'table', ht.relname, 'name', h.conname) ORDER BY hn.nspname, ht.relname, h.conname)
      FROM h JOIN pg_class ht ON ht.oid = h.conrelid JOIN pg_namespace hn ON hn.oid = ht.relnamespace))) END`

/** A column of one of pg-delta's queries, and what is read with it. */
const PLACES = [
  ['c.relpersistence AS persistence,', OF_TABLE],
  ['pg_get_indexdef(i.indexrelid) AS def,', OF_INDEX],
  ['con.contype AS type, con.convalidated AS validated,', OF_CONSTRAINT],
] as const

/** Extends a pg-delta query to read the inheritance of its objects. */
export function withInheritance(text: string): string {
  const place = PLACES.find(([column]) => text.includes(column))
  if (place === undefined || (place[1] === OF_CONSTRAINT && !text.includes('con.conrelid')))
    return text
  const [column, heritage] = place
  return text.replace(column, () => `${heritage} AS _heritage, ${column}`)
}

/** Puts the inheritance that was read into the payloads of the facts that it belongs to. */
export function addInheritance(facts: FactBase, rows: readonly Row[]): void {
  for (const row of rows) {
    const heritage = row['_heritage']
    if (typeof heritage !== 'object' || heritage === null || Object.keys(heritage).length === 0)
      continue
    const fact = facts.get(idOf(row))
    if (fact === undefined) continue
    fact.payload['_heritage'] = heritage as Fact['payload']
    const definition = fact.payload['def']
    if (fact.id.kind === 'index' && typeof definition === 'string')
      fact.payload['def'] = definition.replace(ONLY, '$1 ')
  }
}

/**
 * The server prints the index of a partitioned table with ONLY, which would create no indexes on its
 * partitions.
 */
const ONLY = /^(CREATE (?:UNIQUE )?INDEX (?:"(?:[^"]|"")+"|[^\s"]+) ON) ONLY /

function idOf(row: Row): StableId {
  const [schema, name] = [String(row['schema']), String(row['name'])]
  if ('persistence' in row) return { kind: 'table', schema, name }
  if ('validated' in row) return { kind: 'constraint', schema, table: String(row['table']), name }
  return { kind: 'index', schema, name }
}

/** A fact with only those parts on partitions that a condition accepts. */
export function withChildren(fact: Fact, accepts: (child: Child) => boolean): Fact {
  const { children, ...heritage } = inheritanceOf(fact)
  if (children === undefined || children.every(accepts)) return fact
  const left = children.filter(accepts)
  const changed = left.length > 0 ? { ...heritage, children: left } : heritage
  return { ...fact, payload: { ...fact.payload, _heritage: changed as unknown as Payload } }
}

export function inheritanceOf(fact: Fact | undefined): Inheritance {
  return (fact?.payload['_heritage'] as Inheritance | undefined) ?? {}
}
