/** Kinds of objects that the queries of an extraction select first. All others are parts of these. */
export type PartKind = 'relations' | 'types' | 'routines' | 'collations'

/**
 * A part of the objects of a database: an SQL condition that is true if it includes the object of a kind with
 * this OID.
 */
export type Part = (kind: PartKind, oid: string) => string

/** Objects of each kind, by their OIDs. */
export type PartIds = Readonly<Record<PartKind, readonly number[]>>

/** The objects with these OIDs. */
export function partOf(ids: PartIds): Part {
  return (kind, oid) => `${oid} = ANY ('{${ids[kind].join(',')}}'::oid[])`
}

/** The objects with OIDs of at least `from` and, unless it is undefined, less than `before`. */
export function partBetween(from: number, before: number | undefined): Part {
  return (_kind, oid) =>
    [`${oid} >= ${from}`, ...(before ? [`${oid} < ${before}`] : [])].join(' AND ')
}

/** The condition that each of pg-delta's queries for user objects contains. */
const OF_USERS = `n.nspname NOT IN ('pg_catalog', 'information_schema')`

/**
 * What such a query selects from, with the kind and the OID of the objects. For an index, a column or a
 * constraint, that is its table.
 */
const BEGINNINGS: readonly (readonly [RegExp, PartKind, string])[] = [
  [/\b(?:FROM|JOIN) pg_class c\b/, 'relations', 'c.oid'],
  [/\b(?:FROM|JOIN) pg_proc p\b/, 'routines', 'p.oid'],
  [/\b(?:FROM|JOIN) pg_type t\b/, 'types', 't.oid'],
  [/\bFROM pg_collation c\b/, 'collations', 'c.oid'],
]

/** Restricts a pg-delta query for user objects to those of a part; undefined for any other query. */
export function restrictedTo(part: Part, text: string): string | undefined {
  if (!text.includes(OF_USERS)) return undefined
  const found = BEGINNINGS.find(([beginning]) => beginning.test(text))
  if (!found) return undefined
  const [, kind, oid] = found
  return text.replace(OF_USERS, () => `${part(kind, oid)} AND ${OF_USERS}`)
}

/**
 * The parts of pg-delta's queries that read privileges, on an object of an extension and on any other object.
 */
const PRIVILEGES = [
  /CASE WHEN EXISTS \(\s*SELECT 1 FROM pg_depend md\b[\s\S]*?\bEND AS acl\b/,
  /\(SELECT json_agg\(json_build_object\(\s*'grantee'[\s\S]*?\) acl\) AS acl\b/,
]

const INDEX_OF_CONSTRAINT = 'WHERE pc.conindid = i.indexrelid'

/**
 * Adds that the index of a constraint is on the table of the constraint, so that the server does not search
 * all constraints.
 */
export function withIndexLookup(text: string): string {
  return text.replace(INDEX_OF_CONSTRAINT, `${INDEX_OF_CONSTRAINT} AND pc.conrelid = i.indrelid`)
}

/** A pg-delta query without the parts that read privileges. */
export function withoutPrivileges(text: string): string {
  return PRIVILEGES.reduce((left, one) => left.replace(one, 'NULL AS acl'), text)
}

const MULTIRANGE = 'WHERE mt.oid = rng.rngmultitypid'

/**
 * The name that the server gives the multirange type of a range type `t` if the statement names none. Source:
 * `makeMultirangeTypeName` in PostgreSQL's source.
 */
const DEFAULT_MULTIRANGE = `CASE WHEN strpos(t.typname, 'range') > 0
    THEN overlay(t.typname::text PLACING 'multirange' FROM strpos(t.typname, 'range') FOR 5)
    ELSE left(t.typname, 52) || '_multirange' END::name`

/**
 * Restricts the name of a multirange type to names that differ from the default. Servers before 14 have no
 * multirange types, and reject the name in CREATE TYPE.
 */
export function withoutDefaultMultiranges(text: string): string {
  return text.replace(
    MULTIRANGE,
    `${MULTIRANGE} AND (mt.typnamespace, mt.typname) <> (t.typnamespace, ${DEFAULT_MULTIRANGE})`,
  )
}

const RAW_COLLATION = 'to_jsonb(c) AS raw'

/** Reads the locale of an ICU collation from the same place on all servers: before 15 it is in `collcollate`. */
export function withIcuLocale(text: string): string {
  return text.replace(
    RAW_COLLATION,
    `CASE WHEN c.collprovider = 'i' THEN jsonb_build_object('colllocale', coalesce(to_jsonb(c) ->> 'colllocale',
        to_jsonb(c) ->> 'colliculocale', to_jsonb(c) ->> 'collcollate')) ELSE to_jsonb(c) END AS raw`,
  )
}
