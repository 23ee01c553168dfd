import { inLedger, type Row, type Session } from '../../database/index.ts'

/** Code of a database that statements run without naming it, or by a name alone. */
export interface SchemaCode {
  /** The names of all routines that are not PostgreSQL's own. */
  readonly routines: ReadonlySet<string>
  /** The statements that create routines, by the names of these; without those of extensions. */
  readonly sources: ReadonlyMap<string, readonly string[]>
  /** Triggers and rules that are on. */
  readonly hooks: readonly Hook[]
  /** The functions of event triggers. */
  readonly onEvents: readonly string[]
}

/** A trigger or a rule: what a change of a table's rows runs. */
export interface Hook {
  /** The table, as the server names it. */
  readonly table: string
  readonly on: readonly ('insert' | 'update' | 'delete' | 'truncate')[]
  /** Of UPDATE OF; empty for any column. */
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

const HOOKS = `SELECT t.tgrelid::regclass::text AS table, array_remove(ARRAY[CASE WHEN tgtype & 4 > 0 THEN 'insert' END,
      CASE WHEN tgtype & 8 > 0 THEN 'delete' END, CASE WHEN tgtype & 16 > 0 THEN 'update' END,
      CASE WHEN tgtype & 32 > 0 THEN 'truncate' END], NULL) AS on,
    ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = t.tgrelid AND a.attnum = ANY (t.tgattr)) AS columns,
    p.proname::text AS routine, NULL AS rule
  FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
  UNION ALL SELECT r.ev_class::regclass::text, ARRAY[CASE r.ev_type WHEN '2' THEN 'update' WHEN '3' THEN 'insert' ELSE 'delete' END],
    '{}', NULL, pg_get_ruledef(r.oid)
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE r.ev_type <> '1' AND r.ev_enabled <> 'D' AND n.nspname NOT IN ('pg_catalog', 'information_schema')`

const ON_EVENTS = `SELECT p.proname::text AS name FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid WHERE e.evtenabled <> 'D'`

/** The code of two states of a database. */
export function joinCode(one: SchemaCode, other: SchemaCode): SchemaCode {
  const names = [...one.sources.keys(), ...other.sources.keys()]
  const both = (name: string) =>
    new Set([...(one.sources.get(name) ?? []), ...(other.sources.get(name) ?? [])])
  return {
    routines: new Set([...one.routines, ...other.routines]),
    sources: new Map(names.map((name) => [name, [...both(name)]])),
    hooks: [...one.hooks, ...other.hooks],
    onEvents: [...one.onEvents, ...other.onEvents],
  }
}

/** Reads the code of a database. */
export async function readSchemaCode(session: Session): Promise<SchemaCode> {
  const routines = await session.query<RoutineRow>(inLedger(session, ROUTINES))
  const hooks = await session.query<HookRow>(HOOKS)
  const events = await session.query<{ name: string }>(ON_EVENTS)
  const sources = new Map<string, string[]>()
  for (const { name, source } of routines)
    if (source !== null) sources.set(name, [...(sources.get(name) ?? []), source])
  return {
    routines: new Set(routines.map(({ name }) => name)),
    sources,
    hooks: hooks.map(({ table, on, columns, routine, rule }) => ({
      table,
      on,
      columns,
      ...(routine === null ? {} : { routine }),
      ...(rule === null ? {} : { rule }),
    })),
    onEvents: events.map(({ name }) => name),
  }
}
