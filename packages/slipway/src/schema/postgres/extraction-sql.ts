/** Kinds of objects that queries of an extraction begin with. All others are parts of these. */
export type PartKind = 'relations' | 'types' | 'routines' | 'collations'

/** A part of the objects of a database: whether it has the object of a kind with this OID, as SQL. */
export type Part = (kind: PartKind, oid: string) => string

/** Objects of each kind, by their OIDs. */
export type PartIds = Readonly<Record<PartKind, readonly number[]>>

/** The objects with these OIDs. */
export function partOf(ids: PartIds): Part {
  return (kind, oid) => `${oid} = ANY ('{${ids[kind].join(',')}}'::oid[])`
}

/** The objects with OIDs from the first on, before the second; all of them if there is none. */
export function partBetween(from: number, before: number | undefined): Part {
  return (_kind, oid) =>
    [`${oid} >= ${from}`, ...(before ? [`${oid} < ${before}`] : [])].join(' AND ')
}

/** What each of pg-delta's queries for objects of users has in its condition. */
const OF_USERS = `n.nspname NOT IN ('pg_catalog', 'information_schema')`

/** What such a query begins with, and the kind of it. Of an index it is the table, of a column or a constraint as well. */
const BEGINNINGS: readonly (readonly [RegExp, PartKind, string])[] = [
  [/\b(?:FROM|JOIN) pg_class c\b/, 'relations', 'c.oid'],
  [/\b(?:FROM|JOIN) pg_proc p\b/, 'routines', 'p.oid'],
  [/\b(?:FROM|JOIN) pg_type t\b/, 'types', 't.oid'],
  [/\bFROM pg_collation c\b/, 'collations', 'c.oid'],
]

/** A query of pg-delta for objects of users, for those of a part; nothing if it is another query. */
export function restrictedTo(part: Part, text: string): string | undefined {
  if (!text.includes(OF_USERS)) return undefined
  const found = BEGINNINGS.find(([beginning]) => beginning.test(text))
  if (!found) return undefined
  const [, kind, oid] = found
  return text.replace(OF_USERS, () => `${part(kind, oid)} AND ${OF_USERS}`)
}

/** Part of pg-delta's queries for the privileges on an object of an extension, and on any other object. */
const PRIVILEGES = [
  /CASE WHEN EXISTS \(\s*SELECT 1 FROM pg_depend md\b[\s\S]*?\bEND AS acl\b/,
  /\(SELECT json_agg\(json_build_object\(\s*'grantee'[\s\S]*?\) acl\) AS acl\b/,
]

const INDEX_OF_CONSTRAINT = 'WHERE pc.conindid = i.indexrelid'

/** The index of a constraint is on the table of the constraint: so the server need not look through all constraints. */
export function withIndexLookup(text: string): string {
  return text.replace(INDEX_OF_CONSTRAINT, `${INDEX_OF_CONSTRAINT} AND pc.conrelid = i.indrelid`)
}

/** A query of pg-delta that does not look for privileges. */
export function withoutPrivileges(text: string): string {
  return PRIVILEGES.reduce((left, one) => left.replace(one, 'NULL AS acl'), text)
}
