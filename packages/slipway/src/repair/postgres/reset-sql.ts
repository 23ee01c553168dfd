import { inLedger, quoteIdentifier, type Session } from '../../database/index.ts'
import { forgetLedgerSql } from '../../history/index.ts'
import { advice } from '../../kernel/index.ts'
import { ownershipIn } from '../../schema/index.ts'
import { extensionsIn, type MigrationFile } from '../../statements/index.ts'
import { raise } from '../failures.ts'

/** What a reset drops. */
export interface ResetPlan {
  /** The schemas that are emptied or dropped, sorted. */
  readonly schemas: readonly string[]
  readonly sql: string
}

/** What a reset must know about a project. */
export interface ResetScope {
  readonly migrations: readonly MigrationFile[]
  /** Schemas that the project manages, in addition to those that its history creates. */
  readonly schemas?: readonly string[] | undefined
}

/**
 * Plans what a reset drops: everything in the default schema and in the schemas of the datasource, the schemas that
 * the history creates, and the objects that the history created in any other schema. The default schema itself stays,
 * with its privileges and with extensions that no migration creates. Fails with REPAIR.RESET_REFUSED if an object of
 * another application depends on one that would be dropped.
 */
export async function planReset(session: Session, scope: ResetScope): Promise<ResetPlan> {
  const { migrations, schemas = [] } = scope
  const own = session.server.schema
  const { created, placed, parts } = await ownershipIn(migrations)
  const present = await existing(session, [own, ...schemas, ...created])
  const foreign = <T extends { readonly schema: string }>(things: readonly T[]) =>
    things.filter(({ schema }) => !present.includes(schema))
  await refuseDependents(session, present)
  const sql = [
    // Objects that one DROP also drops cause notices for the next one.
    'SET LOCAL client_min_messages = warning;',
    ...foreign(parts).flatMap(dropPart),
    ...present.filter((schema) => schema !== own).map(dropSchema),
    ...(present.includes(own) ? await emptySchema(session, migrations) : []),
    ...foreign(placed).flatMap(dropPlaced),
    await forgetLedgerSql(session),
  ]
  return { schemas: present, sql: sql.join('\n') }
}

async function existing(session: Session, names: readonly string[]): Promise<string[]> {
  const { rows } = await session.queryRaw(
    `SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', '${session.ledger}')
     ORDER BY 1`,
  )
  const wanted = new Set(names)
  return rows.flatMap(([name]) => (name && wanted.has(name) ? [name] : []))
}

function dropSchema(schema: string): string {
  return `DROP SCHEMA ${quoteIdentifier(schema)} CASCADE;`
}

type Owned = Awaited<ReturnType<typeof ownershipIn>>

function dropPart({ kind, schema, table, name }: Owned['parts'][number]): string[] {
  const on = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`
  switch (kind) {
    case 'trigger':
    case 'policy':
    case 'rule':
      return [`DROP ${kind.toUpperCase()} IF EXISTS ${quoteIdentifier(name)} ON ${on} CASCADE;`]
    case 'column':
    case 'constraint':
      return [
        `ALTER TABLE IF EXISTS ${on} DROP ${kind.toUpperCase()} IF EXISTS ${quoteIdentifier(name)} CASCADE;`,
      ]
    case 'index':
      return [`DROP INDEX IF EXISTS ${quoteIdentifier(schema)}.${quoteIdentifier(name)} CASCADE;`]
  }
}

/** Drops only those objects in a foreign schema that the history identifies by name. */
function dropPlaced({ kind, schema, name }: Owned['placed'][number]): string[] {
  if (kind === 'other') return []
  const object = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
  return [`DROP ${kind.toUpperCase()} IF EXISTS ${object} CASCADE;`]
}

/** Kinds that are dropped together with another object, or are not objects. */
const NOT_DROPPED = ['composite type', 'default acl', 'publication namespace', 'extension']

const OBJECTS = `SELECT o.type, o.identity FROM pg_depend d, pg_identify_object(d.classid, d.objid, 0) o
  WHERE d.refclassid = 'pg_namespace'::regclass AND d.deptype = 'n'
    AND d.refobjid = (SELECT oid FROM pg_namespace WHERE nspname = $1)
    AND o.type <> ALL ($2::text[])
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype IN ('e', 'i', 'a'))
  ORDER BY o.type, o.identity`

/** Drops everything in the default schema except extensions that no migration creates: someone else installed those. */
async function emptySchema(
  session: Session,
  migrations: readonly MigrationFile[],
): Promise<string[]> {
  const { schema } = session.server
  const { rows } = await session.queryRaw(OBJECTS, [
    schema,
    `{${NOT_DROPPED.map((kind) => `"${kind}"`).join(',')}}`,
  ])
  const extensions = await session.queryRaw(
    `SELECT e.extname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
     WHERE n.nspname = $1 ORDER BY 1`,
    [schema],
  )
  const created = new Set(await extensionsIn(migrations.map(({ sql }) => sql)))
  return [
    ...rows.map(([type, identity]) => dropObject(type ?? '', identity ?? '')),
    ...extensions.rows.flatMap(([name]) =>
      name && created.has(name)
        ? [`DROP EXTENSION IF EXISTS ${quoteIdentifier(name)} CASCADE;`]
        : [],
    ),
  ]
}

function dropObject(type: string, identity: string): string {
  const words = type === 'statistics object' ? 'STATISTICS' : type.toUpperCase()
  return `DROP ${words} IF EXISTS ${identity} CASCADE;`
}

/** Objects outside the given schemas that depend on objects in them. */
const DEPENDENTS = `
WITH own AS (SELECT oid FROM pg_namespace WHERE nspname = ANY ($1::text[])),
placed AS (
  SELECT 'pg_class'::regclass AS classid, oid, relnamespace AS namespace FROM pg_class
  UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace FROM pg_type
  UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace FROM pg_proc
  UNION ALL SELECT 'pg_constraint'::regclass, oid, connamespace FROM pg_constraint
  UNION ALL SELECT 'pg_trigger'::regclass, t.oid, c.relnamespace FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  UNION ALL SELECT 'pg_attrdef'::regclass, a.oid, c.relnamespace FROM pg_attrdef a JOIN pg_class c ON c.oid = a.adrelid
  UNION ALL SELECT 'pg_rewrite'::regclass, r.oid, c.relnamespace FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
  UNION ALL SELECT 'pg_policy'::regclass, p.oid, c.relnamespace FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
)
SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid)
FROM pg_depend d
JOIN placed dependent ON dependent.classid = d.classid AND dependent.oid = d.objid
JOIN placed needed ON needed.classid = d.refclassid AND needed.oid = d.refobjid
WHERE d.deptype IN ('n', 'a') AND needed.namespace IN (SELECT oid FROM own) AND dependent.namespace NOT IN (SELECT oid FROM own)
  AND dependent.namespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_' OR nspname = 'slipway')
  AND NOT (d.classid = ANY (ARRAY['pg_trigger'::regclass, 'pg_policy'::regclass]::oid[]))
ORDER BY 1 LIMIT 6`

/** DROP … CASCADE would also drop what another application has built on this project's objects. */
async function refuseDependents(session: Session, schemas: readonly string[]): Promise<void> {
  const list = `{${schemas.map((name) => JSON.stringify(name)).join(',')}}`
  const { rows } = await session.queryRaw(inLedger(session, DEPENDENTS), [list])
  if (rows.length === 0) return
  const named = rows.slice(0, 5).map(([object]) => object ?? '')
  const more = rows.length > named.length ? ' and more' : ''
  raise('REPAIR.RESET_REFUSED', {
    message: `Other schemas of the database depend on this project: ${named.join(', ')}${more}.`,
    why: 'A reset would also drop them, although they do not belong to the project.',
    nextActions: [advice('Drop them first if they are no longer needed.')],
  })
}
