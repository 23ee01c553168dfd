import { inLedger, type Row, type Session } from '../../database/index.ts'

/** Code in a database that statements run implicitly or by name. */
export interface SchemaCode {
  /** The names of all routines that are not built into PostgreSQL. */
  readonly routines: ReadonlySet<string>
  /** The statements that create routines, by routine name; without routines of extensions. */
  readonly sources: ReadonlyMap<string, readonly string[]>
  /** Enabled triggers and rules. */
  readonly hooks: readonly Hook[]
  /** The functions of event triggers. */
  readonly onEvents: readonly string[]
  readonly foreignKeys: readonly ForeignKey[]
}

/** A foreign key, and what it does to rows of its table when the rows that they refer to change. */
export interface ForeignKey {
  /** The names of both tables as the server writes them. */
  readonly table: string
  readonly to: string
  readonly columns: readonly string[]
  readonly toColumns: readonly string[]
  /** `set` sets its columns to NULL or to their defaults; absent if it refuses the change. */
  readonly onDelete?: 'cascade' | 'set'
  readonly onUpdate?: 'cascade' | 'set'
}

/** A trigger or a rule, which runs when rows of a table change. */
export interface Hook {
  /** Its identity, which does not depend on its name. */
  readonly id: string
  readonly name: string
  /** The table's name as the server writes it. */
  readonly table: string
  readonly on: readonly ('insert' | 'update' | 'delete' | 'truncate')[]
  /** The columns of `UPDATE OF`; empty for any column. */
  readonly columns: readonly string[]
  /** The function of a trigger. */
  readonly routine?: string
  /** The statement that creates a rule. */
  readonly rule?: string
}

interface RoutineRow extends Row {
  readonly name: string
  readonly source: string | null
}

interface HookRow extends Row {
  readonly id: string
  readonly name: string
  readonly table: string
  readonly on: Hook['on']
  readonly columns: readonly string[]
  readonly routine: string | null
  readonly rule: string | null
}

const ROUTINES = `SELECT p.proname::text AS name,
    CASE WHEN p.prokind IN ('f', 'p', 'w') AND l.lanname NOT IN ('c', 'internal') AND NOT EXISTS (
      SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
    THEN pg_get_functiondef(p.oid) END AS source
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'slipway')`

interface ForeignKeyRow extends Row, Omit<ForeignKey, 'onDelete' | 'onUpdate'> {
  readonly onDelete: 'cascade' | 'set' | null
  readonly onUpdate: 'cascade' | 'set' | null
}

// A trigger of a partitioned table has a copy on each partition, but fires once per row.
const HOOKS = `SELECT 't ' || t.oid AS id, t.tgname::text AS name, t.tgrelid::regclass::text AS table, array_remove(ARRAY[CASE WHEN tgtype & 4 > 0 THEN 'insert' END,
      CASE WHEN tgtype & 8 > 0 THEN 'delete' END, CASE WHEN tgtype & 16 > 0 THEN 'update' END,
      CASE WHEN tgtype & 32 > 0 THEN 'truncate' END], NULL) AS on,
    ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = t.tgrelid AND a.attnum = ANY (t.tgattr)) AS columns,
    p.proname::text AS routine, NULL AS rule
  FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
    AND coalesce(to_jsonb(t) ->> 'tgparentid', '0') = '0'
  UNION ALL SELECT 'r ' || r.oid, r.rulename::text, r.ev_class::regclass::text, ARRAY[CASE r.ev_type WHEN '2' THEN 'update' WHEN '3' THEN 'insert' ELSE 'delete' END],
    '{}', NULL, pg_get_ruledef(r.oid)
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE r.ev_type <> '1' AND r.ev_enabled <> 'D' AND n.nspname NOT IN ('pg_catalog', 'information_schema')`

const ON_EVENTS = `SELECT p.proname::text AS name FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid WHERE e.evtenabled <> 'D'`

const FOREIGN_KEYS = `SELECT c.conrelid::regclass::text AS table, c.confrelid::regclass::text AS to,
    ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.conrelid AND attnum = ANY (c.conkey)) AS columns,
    ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.confrelid AND attnum = ANY (c.confkey)) AS "toColumns",
    CASE WHEN c.confdeltype = 'c' THEN 'cascade' WHEN c.confdeltype IN ('n', 'd') THEN 'set' END AS "onDelete",
    CASE WHEN c.confupdtype = 'c' THEN 'cascade' WHEN c.confupdtype IN ('n', 'd') THEN 'set' END AS "onUpdate"
  FROM pg_constraint c WHERE c.contype = 'f'`

/** Joins the code of two states of a database. */
export function joinCode(one: SchemaCode, other: SchemaCode): SchemaCode {
  const names = [...one.sources.keys(), ...other.sources.keys()]
  const both = (name: string) =>
    new Set([...(one.sources.get(name) ?? []), ...(other.sources.get(name) ?? [])])
  return {
    routines: new Set([...one.routines, ...other.routines]),
    sources: new Map(names.map((name) => [name, [...both(name)]])),
    hooks: [...one.hooks, ...other.hooks],
    onEvents: [...one.onEvents, ...other.onEvents],
    foreignKeys: [...one.foreignKeys, ...other.foreignKeys],
  }
}

/** Reads the code of a database. */
export async function readSchemaCode(session: Session): Promise<SchemaCode> {
  const routines = await session.query<RoutineRow>(inLedger(session, ROUTINES))
  const hooks = await session.query<HookRow>(HOOKS)
  const events = await session.query<{ name: string }>(ON_EVENTS)
  const keys = await session.query<ForeignKeyRow>(FOREIGN_KEYS)
  const sources = new Map<string, string[]>()
  for (const { name, source } of routines)
    if (source !== null) sources.set(name, [...(sources.get(name) ?? []), source])
  return {
    routines: new Set(routines.map(({ name }) => name)),
    sources,
    hooks: hooks.map(({ id, name, table, on, columns, routine, rule }) => ({
      id,
      name,
      table,
      on,
      columns,
      ...(routine === null ? {} : { routine }),
      ...(rule === null ? {} : { rule }),
    })),
    onEvents: events.map(({ name }) => name),
    foreignKeys: keys.map(({ onDelete, onUpdate, ...key }) => ({
      ...key,
      ...(onDelete === null ? {} : { onDelete }),
      ...(onUpdate === null ? {} : { onUpdate }),
    })),
  }
}
