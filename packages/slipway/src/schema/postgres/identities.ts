import { inLedger, type Session } from '../../database/index.ts'
import { type ObjectRef, partRef, schemaRef } from '../../statements/index.ts'
import type { Change } from '../change.ts'
import type { Part } from './extraction-sql.ts'

/**
 * An object as the server identifies it, whatever its name: by its OID, or for a column by the OID of its
 * table and its number. `kind` is the keyword that ALTER uses; a generated column is COMPUTED.
 */
export interface Identity {
  readonly id: string
  readonly kind: string
  readonly name: string
  /** The schema of an object, or the table or type of a part; absent for a database-wide object. */
  readonly of?: string
  /** The types of the arguments of a routine. */
  readonly args?: string
  /** The tables of which a table is a partition or a child table. */
  readonly parents?: readonly string[]
}

/** The objects of a database by their identities. */
export type Identities = ReadonlyMap<string, Identity>

type IdentityRow = {
  readonly id: string
  readonly kind: string
  readonly name: string
  readonly of: string | null
  readonly args: string | null
  readonly parents: readonly string[] | null
}

/**
 * Objects in schemas that their name identifies: the catalog, the prefix of its columns, the keyword of
 * ALTER.
 */
const SIMPLE = [
  ['pg_collation', 'coll', 'COLLATION'],
  ['pg_statistic_ext', 'stx', 'STATISTICS'],
  ['pg_conversion', 'con', 'CONVERSION'],
  ['pg_ts_config', 'cfg', 'TEXT SEARCH CONFIGURATION'],
  ['pg_ts_dict', 'dict', 'TEXT SEARCH DICTIONARY'],
  ['pg_extension', 'ext', 'EXTENSION'],
] as const

const SIMPLE_SQL = SIMPLE.map(
  ([
    catalog,
    prefix,
    kind,
  ]) => `SELECT '${catalog} ' || x.oid, '${kind}', x.${prefix}name, 'n ' || x.${prefix}namespace, NULL, NULL
    FROM ${catalog} x JOIN spaces s ON s.oid = x.${prefix}namespace WHERE ${notOfExtension(catalog, 'x.oid')}`,
).join('\nUNION ALL ')

function notOfExtension(catalog: string, oid: string): string {
  return `NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '${catalog}'::regclass AND e.objid = ${oid} AND e.deptype = 'e')`
}

/** A table, its indexes and its sequences belong to a part together. */
function relationsOf(part: Part): string {
  const ofPart = (oid: string) => part('relations', oid)
  return `c.relkind = 'c' OR ${ofPart('c.oid')}
    OR c.oid IN (SELECT indexrelid FROM pg_index WHERE ${ofPart('indrelid')})
    OR c.oid IN (SELECT objid FROM pg_depend WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass
      AND deptype IN ('a', 'i') AND ${ofPart('refobjid')})`
}

/**
 * A primary key, unique or exclusion constraint has the same name as its index, and is read once, as the
 * index.
 */
const identitiesSql = (relations: string) => `WITH spaces AS (SELECT oid, nspname FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'slipway')),
  relations AS (SELECT c.oid, c.relname, c.relkind, c.relnamespace FROM pg_class c JOIN spaces s ON s.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'i', 'I', 'c') AND c.relname <> '_prisma_migrations'
      AND ${notOfExtension('pg_class', 'c.oid')} AND (${relations})),
  types AS (SELECT t.oid, t.typname, t.typtype, t.typnamespace FROM pg_type t JOIN spaces s ON s.oid = t.typnamespace
    WHERE t.typtype IN ('e', 'd', 'r') AND ${notOfExtension('pg_type', 't.oid')})
SELECT 'n ' || oid AS id, 'SCHEMA' AS kind, nspname::text AS name, NULL AS of, NULL AS args, NULL::text[] AS parents FROM spaces
UNION ALL SELECT 'r ' || oid, CASE relkind WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
    WHEN 'S' THEN 'SEQUENCE' WHEN 'i' THEN 'INDEX' WHEN 'I' THEN 'INDEX' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END,
    relname, 'n ' || relnamespace, NULL,
    ARRAY(SELECT 'r ' || i.inhparent FROM pg_inherits i WHERE i.inhrelid = r.oid AND r.relkind IN ('r', 'p') ORDER BY i.inhseqno)
  FROM relations r
UNION ALL SELECT 'r ' || a.attrelid || ' ' || a.attnum, CASE WHEN r.relkind = 'c' THEN 'ATTRIBUTE' WHEN a.attgenerated <> '' THEN 'COMPUTED' ELSE 'COLUMN' END,
    a.attname, 'r ' || a.attrelid, NULL, NULL
  FROM pg_attribute a JOIN relations r ON r.oid = a.attrelid
  WHERE r.relkind IN ('r', 'p', 'f', 'v', 'm', 'c') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT 't ' || oid, CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, typname, 'n ' || typnamespace, NULL, NULL FROM types
UNION ALL SELECT 'e ' || e.oid, 'VALUE', e.enumlabel, 't ' || t.oid, NULL, NULL FROM pg_enum e JOIN types t ON t.oid = e.enumtypid
UNION ALL SELECT 'c ' || c.oid, 'CONSTRAINT', c.conname, coalesce('r ' || r.oid, 't ' || t.oid), NULL, NULL
  FROM pg_constraint c LEFT JOIN relations r ON r.oid = c.conrelid LEFT JOIN types t ON t.oid = c.contypid
  WHERE c.contype IN ('c', 'f', 'n') AND coalesce(r.oid, t.oid) IS NOT NULL
UNION ALL SELECT 'g ' || g.oid, 'TRIGGER', g.tgname, 'r ' || r.oid, NULL, NULL
  FROM pg_trigger g JOIN relations r ON r.oid = g.tgrelid WHERE NOT g.tgisinternal
UNION ALL SELECT 'w ' || w.oid, 'RULE', w.rulename, 'r ' || r.oid, NULL, NULL
  FROM pg_rewrite w JOIN relations r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
UNION ALL SELECT 'p ' || p.oid, 'POLICY', p.polname, 'r ' || r.oid, NULL, NULL FROM pg_policy p JOIN relations r ON r.oid = p.polrelid
UNION ALL SELECT 'f ' || f.oid, CASE f.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END,
    f.proname, 'n ' || f.pronamespace, pg_get_function_identity_arguments(f.oid), NULL
  FROM pg_proc f JOIN spaces s ON s.oid = f.pronamespace WHERE ${notOfExtension('pg_proc', 'f.oid')}
UNION ALL ${SIMPLE_SQL}
UNION ALL SELECT 'publication ' || oid, 'PUBLICATION', pubname, NULL, NULL, NULL FROM pg_publication
UNION ALL SELECT 'trigger ' || oid, 'EVENT TRIGGER', evtname, NULL, NULL, NULL FROM pg_event_trigger`

/**
 * Reads the identities of all objects that a project can name, or of a part of the relations. A session
 * inside a transaction sees its own changes.
 */
export async function readIdentities(session: Session, part?: Part): Promise<Identities> {
  const sql = identitiesSql(part ? relationsOf(part) : 'true')
  const rows = await session.query<IdentityRow>(inLedger(session, sql))
  return new Map(rows.map((row) => [row.id, identityFrom(row)]))
}

function identityFrom({ id, kind, name, of, args, parents }: IdentityRow): Identity {
  return {
    id,
    kind,
    name,
    ...(of === null ? {} : { of }),
    ...(args === null ? {} : { args }),
    ...(parents === null || parents.length === 0 ? {} : { parents }),
  }
}

/** Kinds of objects that hold rows, values or a counter. */
const DATA_KINDS: Readonly<Record<string, 'table' | 'column' | 'attribute' | 'sequence'>> = {
  TABLE: 'table',
  COLUMN: 'column',
  ATTRIBUTE: 'attribute',
  SEQUENCE: 'sequence',
}

/**
 * Objects with data that exist before and after a migration, but no longer after its down migration: another
 * object has replaced them, whatever its name is.
 */
export async function replacedObjects(
  session: Session,
  {
    before,
    after,
    restored: known,
  }: { readonly before: Identities; readonly after: Identities; readonly restored?: Identities },
): Promise<Change[]> {
  const restored = known ?? (await readIdentities(session))
  const gone = [...before.values()].filter(({ id }) => after.has(id) && !restored.has(id))
  return gone.flatMap((object): Change[] => {
    const ref = dataObject(object, before, restored, session.server.schema)
    return ref === undefined ? [] : [{ change: 'changed', object: ref, attributes: ['identity'] }]
  })
}

/** Objects with data that SQL has dropped since, and whose name another object now has. */
export async function readObjectsWithReusedNames(
  session: Session,
  before: Identities,
): Promise<ObjectRef[]> {
  const now = await readIdentities(session)
  return droppedWithReusedNames(before, now).flatMap(
    (object) => dataObject(object, before, now, session.server.schema) ?? [],
  )
}

/** Dropped objects whose name a new object of the same kind has. */
export function droppedWithReusedNames(before: Identities, now: Identities): Identity[] {
  const taken = new Set(
    [...now.values()].flatMap((object) => (before.has(object.id) ? [] : [placeOf(object, now)])),
  )
  return [...before.values()].filter(
    (object) => !now.has(object.id) && taken.has(placeOf(object, before)),
  )
}

/** Where an object is: its kind, its schema or its table, its name. */
function placeOf({ kind, name, of, args }: Identity, all: Identities): string {
  const home = of === undefined ? undefined : all.get(of)
  return JSON.stringify([kind, home?.kind === 'SCHEMA' ? home.name : of, name, args])
}

/**
 * The reference to an object that holds data. Undefined for other objects, and for a part whose table or type
 * was also dropped.
 */
function dataObject(
  { kind, name, of = '' }: Identity,
  before: Identities,
  now: Identities,
  defaultSchema: string,
): ObjectRef | undefined {
  const own = DATA_KINDS[kind]
  const home = before.get(of)
  if (own === undefined || home === undefined) return undefined
  if (own === 'table' || own === 'sequence')
    return { kind: own, schema: schemaRef(home.name, defaultSchema), name }
  // A column of a view holds no data.
  const isWhole = home.kind === 'TABLE' || home.kind === 'TYPE'
  const schema = before.get(home.of ?? '')?.name
  if (!isWhole || schema === undefined || !now.has(home.id)) return undefined
  return partRef(own, { schema: schemaRef(schema, defaultSchema), name: home.name }, name)
}
