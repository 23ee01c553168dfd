import { inLedger, type Session } from '../../database/index.ts'
import { objectKey, type ObjectRef, schemaRef } from '../../statements/index.ts'
import { CATALOG_ROWS, classOf, ofUser } from './catalog-rows.ts'
import { type CatalogSum, databaseIdentitySql, tokenOf } from './change-token.ts'

/** The change token of a database, and a token of each object in it. */
export interface ObjectTokens {
  readonly changeToken: string
  /** By identity. */
  readonly objects: ReadonlyMap<string, ObjectToken>
}

interface ObjectToken {
  readonly hash: string
  /** The key of its reference; absent for objects that only a full read compares. */
  readonly key?: string
}

/** Objects by kind, as OIDs. */
export interface ObjectIds {
  readonly relations: readonly number[]
  readonly types: readonly number[]
  readonly routines: readonly number[]
  readonly collations: readonly number[]
}

/** The objects that changed between two reads, and the unchanged ones that may read differently now. */
export interface ChangedObjects {
  /** The keys that these objects had in the earlier read. */
  readonly keys: readonly string[]
  /** The objects that must be read again. Some of them may no longer exist. */
  readonly again: ObjectIds
}

/**
 * Reads the token of each object, in a snapshot (`inSnapshot`). Everything that describes a table counts as the table:
 * its columns, indexes, constraints and triggers, its row type, the sequence of an identity column.
 */
export async function readObjectTokens(session: Session): Promise<ObjectTokens> {
  const { rows } = await session.queryRaw(inLedger(session, OBJECT_TOKENS))
  const identity = await session.queryRaw(databaseIdentitySql(session))
  const sums: CatalogSum[] = [...identity.rows]
  const objects = new Map<string, ObjectToken>()
  for (const [catalog, object, count, hash, kind, schema, name, types] of rows) {
    if (catalog) sums.push([catalog, count, hash])
    else if (object)
      objects.set(object, {
        hash: `${count} ${hash}`,
        ...(kind && name
          ? { key: objectKey(referenceTo({ kind, schema, name, types }, session.server.schema)) }
          : {}),
      })
  }
  return { changeToken: tokenOf(sums), objects }
}

/**
 * Finds what changed since an earlier read, in the snapshot of the later one. Undefined if only a full read can
 * tell what the change affects: a schema was renamed, or objects changed of a kind on which others may depend
 * without a record.
 *
 * The server prints a view with the names of the objects from which it selects, and a foreign key with the name of
 * its table, so an object that depends on a changed one counts as changed. `pg_depend` has everything to which a
 * definition refers. Dependents of a function or a type may be printed differently although their own rows are the
 * same, so the search includes them.
 */
export async function changedObjects(
  session: Session,
  before: ObjectTokens,
  after: ObjectTokens,
): Promise<ChangedObjects | undefined> {
  const changed = [...new Set([...before.objects.keys(), ...after.objects.keys()])].filter(
    (identity) => before.objects.get(identity)?.hash !== after.objects.get(identity)?.hash,
  )
  const tokens = (identity: string) => [before.objects.get(identity), after.objects.get(identity)]
  const isUnclear = (identity: string) =>
    tokens(identity).some((token) => token && token.key === undefined) ||
    (kindOf(identity) === KIND.schema && tokens(identity).every(Boolean))
  if (changed.some(isUnclear)) return undefined
  const again = [...changed, ...(await dependents(session, idsOf(changed)))]
  // The keys of dependents may have changed, too: that of a function has the names of its argument types.
  const keys = again.flatMap((identity) => before.objects.get(identity)?.key ?? [])
  return { keys, again: idsOf(again) }
}

/** The objects that refer to those with these OIDs, or to a part of them. */
export async function dependentsOf(session: Session, ids: ObjectIds): Promise<ObjectIds> {
  return idsOf(await dependents(session, ids))
}

/** The identities of the objects that refer to those with these OIDs. */
async function dependents(session: Session, ids: ObjectIds): Promise<string[]> {
  const { rows } = await session.queryRaw(dependentsSql(ids))
  return rows.flatMap(([identity]) => identity ?? [])
}

interface NamedObject {
  readonly kind: string
  readonly schema: string | null | undefined
  readonly name: string
  readonly types: string | null | undefined
}

function referenceTo({ kind, schema, name, types }: NamedObject, defaultSchema: string): ObjectRef {
  if (!schema) return { kind: 'schema', name }
  const at = { schema: schemaRef(schema, defaultSchema), name }
  return !types
    ? ({ kind, ...at } as ObjectRef)
    : ({ kind, ...at, arguments: JSON.parse(types) as string[] } as ObjectRef)
}

/** The identity of an object: its kind and its OID in one number. */
const KIND = { relation: 1, type: 2, routine: 3, schema: 4, collation: 5 } as const
const SHIFT = 2 ** 32

function identitySql(kind: number, oid: string): string {
  return `(${kind}::bigint << 32 | ${oid}::bigint)`
}

function kindOf(identity: string): number {
  return Math.floor(Number(identity) / SHIFT)
}

function idsOf(identities: readonly string[]): ObjectIds {
  const byKind = Map.groupBy(new Set(identities), kindOf)
  const ids = (kind: number) => (byKind.get(kind) ?? []).map((identity) => Number(identity) % SHIFT)
  return {
    relations: ids(KIND.relation),
    types: ids(KIND.type),
    routines: ids(KIND.routine),
    collations: ids(KIND.collation),
  }
}

/** The object to which a relation belongs: the table of an index or of the sequence of an identity column. */
const RELATION_OBJECT = `CASE WHEN c.relkind IN ('i', 'I') THEN ${identitySql(KIND.relation, 'x.indrelid')}
      WHEN c.relkind = 'c' THEN ${identitySql(KIND.type, 'c.reltype')}
      ELSE ${identitySql(KIND.relation, 'coalesce(d.refobjid, c.oid)')} END`
const RELATION_JOINS = `LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = c.oid
    LEFT JOIN pg_catalog.pg_depend d ON c.relkind = 'S' AND d.classid = ${classOf('pg_class')} AND d.objid = c.oid
      AND d.refclassid = ${classOf('pg_class')} AND d.deptype = 'i'`

/** The same for a type: the table of a row type, and the object of the elements of an array type. */
const TYPE_OBJECT = `coalesce(r.object, er.object, ${identitySql(KIND.type, 'coalesce(e.oid, t.oid)')})`

/** Sums rows before it joins them to objects, because there are five times as many rows. */
const OBJECT_TOKENS = `${CATALOG_ROWS},
relation (oid, object) AS MATERIALIZED (
  SELECT c.oid, ${RELATION_OBJECT} FROM pg_catalog.pg_class c ${RELATION_JOINS} WHERE ${ofUser('c.oid')}
), object (class, id, identity) AS MATERIALIZED (
  SELECT ${classOf('pg_class')}, oid, object FROM relation
  UNION ALL SELECT ${classOf('pg_type')}, t.oid, ${TYPE_OBJECT}
    FROM pg_catalog.pg_type t LEFT JOIN relation r ON r.oid = t.typrelid
    LEFT JOIN pg_catalog.pg_type e ON e.typarray = t.oid LEFT JOIN relation er ON er.oid = e.typrelid
    WHERE ${ofUser('t.oid')}
  UNION ALL SELECT ${classOf('pg_proc')}, oid, ${identitySql(KIND.routine, 'oid')}
    FROM pg_catalog.pg_proc WHERE ${ofUser('oid')}
  UNION ALL SELECT ${classOf('pg_namespace')}, oid, ${identitySql(KIND.schema, 'oid')} FROM pg_catalog.pg_namespace
  UNION ALL SELECT ${classOf('pg_collation')}, oid, ${identitySql(KIND.collation, 'oid')}
    FROM pg_catalog.pg_collation WHERE ${ofUser('oid')}
), named (identity, kind, schema, name, types) AS (
  SELECT ${identitySql(KIND.relation, 'c.oid')}, CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized-view'
      WHEN 'S' THEN 'sequence' ELSE 'table' END, nspname, relname, NULL
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'v', 'm', 'S') AND ${ofUser('c.oid')}
  UNION ALL SELECT ${identitySql(KIND.type, 't.oid')}, CASE typtype WHEN 'd' THEN 'domain' ELSE 'type' END,
      nspname, typname, NULL
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = typnamespace
    WHERE (typtype IN ('d', 'e') OR typtype = 'c' AND typrelid IN
      (SELECT oid FROM pg_catalog.pg_class WHERE relkind = 'c')) AND ${ofUser('t.oid')}
  UNION ALL SELECT ${identitySql(KIND.routine, 'p.oid')}, CASE prokind WHEN 'p' THEN 'procedure'
      WHEN 'a' THEN 'aggregate' ELSE 'function' END, nspname, proname,
      to_json(ARRAY(SELECT format_type(argument, NULL) FROM unnest(proargtypes) WITH ORDINALITY AS a (argument, place)
        ORDER BY place))::text
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = pronamespace WHERE ${ofUser('p.oid')}
  UNION ALL SELECT ${identitySql(KIND.schema, 'oid')}, 'schema', NULL, nspname, NULL FROM pg_catalog.pg_namespace
  UNION ALL SELECT ${identitySql(KIND.collation, 'c.oid')}, 'collation', nspname, collname, NULL
    FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = collnamespace WHERE ${ofUser('c.oid')}
), total (catalog, class, id, count, sum) AS MATERIALIZED (
  SELECT catalog, class, id, count(*), sum(hash) FROM item GROUP BY GROUPING SETS ((catalog), (class, id))
), summed (identity, count, sum) AS (
  SELECT coalesce(o.identity, 0), sum(t.count), sum(t.sum)
  FROM total t LEFT JOIN object o ON o.class = t.class AND o.id = t.id WHERE catalog IS NULL GROUP BY 1
)
SELECT catalog, NULL, count, sum, NULL, NULL, NULL, NULL FROM total WHERE catalog IS NOT NULL
UNION ALL
SELECT NULL, s.identity, count, sum, kind, schema, name, types
FROM summed s LEFT JOIN named n ON n.identity = s.identity`

/**
 * SQL for the objects that refer to those with the given OIDs. A reference to a part of an object counts as one to the
 * object: to an index or a constraint of a table, or to its row type.
 */
function dependentsSql({ relations, types, routines, collations }: ObjectIds): string {
  const [tables, own] = [oidsSql(relations), oidsSql(types)]
  const ownTypes = `t.oid = ANY (${own}) OR t.oid IN
      (SELECT reltype FROM pg_catalog.pg_class WHERE oid = ANY (${tables}))`
  return `WITH RECURSIVE own (class, id) AS (
    SELECT ${classOf('pg_class')}, unnest(${tables})
    UNION SELECT ${classOf('pg_class')}, indexrelid FROM pg_catalog.pg_index WHERE indrelid = ANY (${tables})
    UNION SELECT ${classOf('pg_class')}, objid FROM pg_catalog.pg_depend
      WHERE refclassid = ${classOf('pg_class')} AND refobjid = ANY (${tables})
        AND classid = ${classOf('pg_class')} AND deptype = 'i'
    UNION SELECT ${classOf('pg_constraint')}, oid FROM pg_catalog.pg_constraint WHERE conrelid = ANY (${tables})
    UNION SELECT ${classOf('pg_type')}, t.oid FROM pg_catalog.pg_type t WHERE ${ownTypes}
    UNION SELECT ${classOf('pg_type')}, t.typarray FROM pg_catalog.pg_type t WHERE ${ownTypes}
    UNION SELECT ${classOf('pg_class')}, typrelid FROM pg_catalog.pg_type WHERE oid = ANY (${own})
    UNION SELECT ${classOf('pg_proc')}, unnest(${oidsSql(routines)})
    UNION SELECT ${classOf('pg_collation')}, unnest(${oidsSql(collations)})
  ), reached (class, id) AS (
    SELECT class, id FROM own WHERE id <> 0
    UNION
    SELECT d.classid, d.objid FROM reached JOIN pg_catalog.pg_depend d ON d.refclassid = class AND d.refobjid = id
    WHERE class IN (${classOf('pg_proc')}, ${classOf('pg_type')}) OR (class, id) IN (SELECT class, id FROM own)
  ), relation (oid) AS (
    SELECT id FROM reached WHERE class = ${classOf('pg_class')}
    UNION SELECT conrelid FROM pg_catalog.pg_constraint WHERE ${reached('pg_constraint')}
    UNION SELECT adrelid FROM pg_catalog.pg_attrdef WHERE ${reached('pg_attrdef')}
    UNION SELECT ev_class FROM pg_catalog.pg_rewrite WHERE ${reached('pg_rewrite')}
    UNION SELECT tgrelid FROM pg_catalog.pg_trigger WHERE ${reached('pg_trigger')}
    UNION SELECT polrelid FROM pg_catalog.pg_policy WHERE ${reached('pg_policy')}
  ), type (oid) AS (
    SELECT id FROM reached WHERE class = ${classOf('pg_type')}
    UNION SELECT contypid FROM pg_catalog.pg_constraint WHERE ${reached('pg_constraint')}
  )
  SELECT ${RELATION_OBJECT} FROM relation JOIN pg_catalog.pg_class c USING (oid) ${RELATION_JOINS}
  UNION SELECT ${identitySql(KIND.type, 'oid')} FROM type WHERE oid <> 0
  UNION SELECT ${identitySql(KIND.routine, 'id')} FROM reached WHERE class = ${classOf('pg_proc')}`
}

function oidsSql(oids: readonly number[]): string {
  return `'{${oids.join(',')}}'::oid[]`
}

function reached(catalog: string): string {
  return `oid IN (SELECT id FROM reached WHERE class = ${classOf(catalog)})`
}
