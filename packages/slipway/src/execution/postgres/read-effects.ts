import { inLedger, type Session } from '../../database/index.ts'
import {
  type ObjectRef,
  partRef,
  schemaRef,
  type SchemaRef,
  tableRef,
} from '../../statements/index.ts'
import type { Effect } from '../effects.ts'
import type { OverwrittenColumn } from '../keeper.ts'

/** The objects of a database that hold data before a transaction group, by OID. */
export type DataObjects = ReadonlyMap<string, DataObject>

/** A table, a materialized view, a sequence or a composite type. */
export interface DataObject {
  readonly oid: string
  readonly ref: {
    readonly kind: (typeof KINDS)[keyof typeof KINDS]
    readonly schema: SchemaRef
    readonly name: string
  }
  /** The names of its columns or attributes by number, without columns that hold kept data. */
  readonly columns: Readonly<Record<string, string>>
  /** The tables of which it is a partition or from which it inherits; for a sequence, the table that owns it. */
  readonly parents: readonly string[]
  readonly partitioned: boolean
  /** The number of the column that owns a sequence. */
  readonly ownedBy: string | null
  readonly file: string
  /** Whether it may hold rows; for a composite type, whether a column or another type uses it. */
  readonly held: boolean
  /** The last value of a sequence, if it was used and we may read it. */
  readonly position: string | null
}

// Type aliases: a row of a query has an index signature, which an interface lacks.
type ObjectRow = {
  readonly oid: string
  readonly schema: string
  readonly name: string
  readonly kind: keyof typeof KINDS
  readonly columns: Readonly<Record<string, string>> | null
  readonly parents: readonly string[]
  readonly owner: readonly [string, string] | null
  readonly file: string
  readonly held: boolean
  readonly position: string | null
}

const KINDS = { r: 'table', p: 'table', m: 'materialized-view', S: 'sequence', c: 'type' } as const
/**
 * The server's statistics tell whether a table holds rows. After a crash or an upgrade of the server they may be empty;
 * then the size of the table decides. Reading the size would wait for a session that locks the table, so a locked table
 * counts as holding rows.
 */
const OBJECTS = `WITH locked AS MATERIALIZED (SELECT relation FROM pg_catalog.pg_locks WHERE mode = 'AccessExclusiveLock'
    AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
  SELECT c.oid::text, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
    (SELECT json_object_agg(a.attnum, a.attname) FROM pg_catalog.pg_attribute a
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 'S'
       AND a.attname !~ '^_slipway_kept_\\d+$') AS columns,
    ARRAY(SELECT i.inhparent::text FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid) AS parents,
    (SELECT json_build_array(d.refobjid::text, d.refobjsubid::text) FROM pg_catalog.pg_depend d
     WHERE c.relkind = 'S' AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
       AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i') LIMIT 1) AS owner,
    c.relfilenode::text AS file,
    CASE c.relkind WHEN 'c' THEN EXISTS (SELECT FROM pg_catalog.pg_type t JOIN pg_catalog.pg_depend d ON d.refobjid IN (t.oid, t.typarray)
        WHERE t.oid = c.reltype AND d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.deptype = 'n' AND d.objid <> c.oid
          AND d.classid IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_type'::pg_catalog.regclass))
      WHEN 'm' THEN c.relispopulated
      ELSE CASE WHEN c.relpages > 0 OR pg_catalog.pg_stat_get_live_tuples(c.oid) > 0
          OR pg_catalog.pg_stat_get_tuples_inserted(c.oid) > pg_catalog.pg_stat_get_tuples_deleted(c.oid) THEN true
        WHEN c.relkind <> 'r' OR pg_catalog.pg_stat_get_tuples_inserted(c.oid) > 0 THEN false
        WHEN c.oid IN (SELECT relation FROM locked) THEN true
        ELSE pg_catalog.pg_relation_size(c.oid) > 0 END END AS held,
    CASE WHEN c.relkind = 'S' AND pg_catalog.has_sequence_privilege(c.oid, 'SELECT, USAGE')
      THEN pg_catalog.pg_sequence_last_value(c.oid)::text END AS position
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'm', 'S', 'c') AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('slipway', 'information_schema') AND n.nspname !~ '^pg_' AND c.relname <> '_prisma_migrations'`

/** Reads the objects that hold data. Outside a transaction, so that the file can still choose its isolation level. */
export async function readDataObjects(session: Session): Promise<DataObjects> {
  const rows = await session.query<ObjectRow>(inLedger(session, OBJECTS))
  return new Map(rows.map((row) => [row.oid, objectFrom(row, session.server.schema)]))
}

function objectFrom(row: ObjectRow, defaultSchema: string): DataObject {
  const { oid, name, file, held, owner, position } = row
  const ref = { kind: KINDS[row.kind], schema: schemaRef(row.schema, defaultSchema), name }
  const parents = owner ? [owner[0]] : row.parents
  const columns = row.columns ?? {}
  const partitioned = row.kind === 'p'
  const ownedBy = owner?.[1] ?? null
  return { oid, ref, columns, parents, partitioned, ownedBy, file, held, position }
}

type EffectRow = {
  readonly what:
    | 'gone'
    | 'column'
    | 'deleted'
    | 'updated'
    | 'emptied'
    | 'rewritten'
    | 'set-back'
    | 'written'
    | 'large'
    | 'uncounted'
  readonly oid: string
  /** A column number, a number of rows, or (for `written`) schema and name of a foreign table as JSON. */
  readonly number: string
}

/** Sequences that would repeat a number; not those that other sessions moved forward, nor cycling ones, which restart. */
const SET_BACK = `SELECT b.oid, b.position FROM unnest($4::pg_catalog.oid[], $5::bigint[]) AS b (oid, position)
  JOIN pg_catalog.pg_sequence s ON s.seqrelid = b.oid AND NOT s.seqcycle
  CROSS JOIN LATERAL (SELECT CASE WHEN pg_catalog.has_sequence_privilege(b.oid, 'SELECT, USAGE')
    THEN coalesce(pg_catalog.pg_sequence_last_value(b.oid), b.position - s.seqincrement) ELSE b.position END AS position) AS now
  WHERE pg_catalog.sign(s.seqincrement::numeric) * (now.position::numeric - b.position) < 0`

/**
 * Dropped objects and columns come from the catalog as the transaction sees it; rows come from the statistics of
 * the transaction, which include rolled back savepoints. TRUNCATE and REFRESH are not counted, but leave a new
 * file. Rows of a foreign table are counted on its own server: here, only its lock shows that it was written to.
 */
const EFFECTS = `WITH before AS (SELECT oid, file, held
    FROM unnest($1::pg_catalog.oid[], $2::pg_catalog.oid[], $3::bool[]) AS b (oid, file, held))
  SELECT 'gone' AS what, b.oid::text, '0' AS number FROM before b
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = b.oid)
  UNION ALL SELECT 'column', a.attrelid::text, a.attnum::text FROM before b JOIN pg_catalog.pg_attribute a ON a.attrelid = b.oid
    WHERE a.attnum > 0 AND a.attisdropped
  UNION ALL SELECT v.what, b.oid::text, v.number::text FROM before b
    CROSS JOIN LATERAL (VALUES ('deleted', pg_catalog.pg_stat_get_xact_tuples_deleted(b.oid)),
      ('updated', pg_catalog.pg_stat_get_xact_tuples_updated(b.oid))) AS v (what, number)
    WHERE v.number > 0
  UNION ALL SELECT CASE WHEN c.relkind = 'm' OR pg_catalog.pg_relation_size(c.oid) = 0 THEN 'emptied' ELSE 'rewritten' END,
      b.oid::text, '0'
    FROM before b JOIN pg_catalog.pg_class c ON c.oid = b.oid WHERE c.relfilenode <> b.file AND b.held AND c.relkind IN ('r', 'm')
  UNION ALL SELECT 'set-back', s.oid::text, '0' FROM (${SET_BACK}) AS s
  UNION ALL SELECT 'written', c.oid::text, pg_catalog.json_build_array(n.nspname, c.relname)::text FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_class c ON c.oid = l.relation AND c.relkind = 'f' JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE l.pid = pg_catalog.pg_backend_pid() AND l.mode = 'RowExclusiveLock'
  UNION ALL SELECT 'large', '0', l.number::text FROM (SELECT pg_catalog.pg_stat_get_xact_tuples_deleted('pg_catalog.pg_largeobject'::pg_catalog.regclass)
      + pg_catalog.pg_stat_get_xact_tuples_updated('pg_catalog.pg_largeobject'::pg_catalog.regclass) AS number) AS l WHERE l.number > 0
  UNION ALL SELECT 'uncounted', '0', '0' WHERE pg_catalog.current_setting('track_counts') <> 'on'`

/** The columns whose values are rows of the tables $1, also within arrays, domains and other types. */
const HOLDERS = `WITH RECURSIVE holding AS (
    SELECT c.reltype AS oid FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::pg_catalog.oid[])
    UNION SELECT part.oid FROM holding h
      JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.refobjid = h.oid
      CROSS JOIN LATERAL (SELECT d.objid AS oid WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
        UNION ALL SELECT c.reltype FROM pg_catalog.pg_class c
          WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = d.objid AND c.relkind = 'c') AS part)
  SELECT DISTINCT a.attrelid::text AS oid, a.attnum::text AS number FROM holding h
  JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.refobjid = h.oid
    AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
  JOIN pg_catalog.pg_attribute a ON a.attrelid = d.objid AND a.attnum = d.objsubid AND a.atttypid = h.oid
    AND a.attnum > 0 AND NOT a.attisdropped`

/** What the state in the open transaction is compared with. */
export interface Baseline {
  /** The objects that held data before the transaction group. */
  readonly before: DataObjects
  /** The same before the first group of the run: objects that the run itself created hold no earlier data. */
  readonly existing: DataObjects
  readonly overwritten: readonly OverwrittenColumn[]
}

/** Reads what the open transaction destroyed. */
export async function readEffects(
  session: Session,
  { before, existing, overwritten }: Baseline,
): Promise<Effect[]> {
  const old = olderThan(before, existing)
  const objects = [...old.values()]
  const rows = await session.query<EffectRow>(EFFECTS, [
    listed(objects.map(({ oid }) => oid)),
    listed(objects.map(({ file }) => file)),
    listed(objects.map(({ held }) => held)),
    ...positionsIn(objects),
  ])
  return [
    ...rows.flatMap((row) => effectOf(row, old, session.server)),
    ...(await readValuesCutByDroppedColumns(session, rows, old)),
    ...overwritten.flatMap((column) => overwrittenEffect(column, old)),
  ]
}

/** If columns elsewhere hold rows of a table as values, dropping a column of that table also cuts these values. */
async function readValuesCutByDroppedColumns(
  session: Session,
  rows: readonly EffectRow[],
  before: DataObjects,
): Promise<Effect[]> {
  const tables = rows.flatMap(({ what, oid, number }) => {
    const { ref, columns } = before.get(oid) ?? {}
    return what === 'column' && ref?.kind === 'table' && columns?.[number] ? [oid] : []
  })
  if (tables.length === 0) return []
  const holders = await session.query<{ oid: string; number: string }>(HOLDERS, [listed(tables)])
  return holders.flatMap(({ oid, number }): Effect[] => {
    const object = before.get(oid)
    const name = object?.columns[number]
    if (object === undefined || name === undefined || !object.held) return []
    const partOf = columnContainersOf(object, name, before)
    return [{ what: 'values', object: columnRef(object, name), partOf }]
  })
}

function listed(values: readonly unknown[]): string {
  return `{${values.join(',')}}`
}

function positionsIn(objects: readonly DataObject[]): [string, string] {
  const known = objects.filter(({ position }) => position !== null)
  return [listed(known.map(({ oid }) => oid)), listed(known.map(({ position }) => position))]
}

/** The objects and columns that also exist in an earlier state. */
function olderThan(before: DataObjects, existing: DataObjects): DataObjects {
  return new Map(
    [...before].flatMap(([oid, object]) => {
      const first = existing.get(oid)
      if (first === undefined) return []
      const columns = Object.entries(object.columns).filter(([number]) => number in first.columns)
      return [[oid, { ...object, columns: Object.fromEntries(columns) }]]
    }),
  )
}

function overwrittenEffect(
  { oid, number, names }: OverwrittenColumn,
  before: DataObjects,
): Effect[] {
  const object = before.get(oid)
  const name = object?.columns[number]
  if (object === undefined || name === undefined) return []
  const then = names.map((one) => columnRef(object, one))
  const partOf = [...then, ...columnContainersOf(object, name, before)]
  return [{ what: 'values', object: columnRef(object, name), partOf }]
}

function effectOf(
  { what, oid, number }: EffectRow,
  before: DataObjects,
  { database, schema: defaultSchema }: Session['server'],
): Effect[] {
  if (what === 'uncounted') {
    return [{ what: 'rows', object: { kind: 'database', name: database }, partOf: [] }]
  }
  if (what === 'large') {
    const object = { kind: 'table' as const, schema: 'pg_catalog', name: 'pg_largeobject' }
    return [{ what: 'rows', object, rows: Number(number), partOf: [] }]
  }
  if (what === 'written') {
    const [schema, name] = JSON.parse(number) as [string, string]
    return [{ what: 'rows', object: tableRef({ defaultSchema }, { schema, name }), partOf: [] }]
  }
  const object = before.get(oid)
  if (object === undefined) return []
  const { ref } = object
  const partOf = containersOf(object, before)
  switch (what) {
    case 'gone':
      // A composite type has no data of its own: a column of the type is dropped, and reported, with it.
      return ref.kind === 'type' ? [] : [{ what: 'object', object: ref, partOf }]
    case 'column': {
      const name = object.columns[number]
      const isUsed = ref.kind !== 'type' || object.held
      // A column without a name was dropped earlier or holds kept data: dropping it destroys nothing.
      if (name === undefined || !isUsed) return []
      return [
        {
          what: 'object',
          object: columnRef(object, name),
          partOf: columnContainersOf(object, name, before),
        },
      ]
    }
    case 'deleted':
      return [{ what: 'rows', object: ref, rows: Number(number), partOf }]
    case 'emptied':
      return [{ what: 'rows', object: ref, partOf }]
    case 'updated':
      return [{ what: 'values', object: ref, rows: Number(number), partOf }]
    case 'rewritten':
    case 'set-back':
      return [{ what: 'values', object: ref, partOf }]
  }
}

/** What a column is part of: its table, the columns of the same name in parent tables, and those tables. */
function columnContainersOf(object: DataObject, name: string, before: DataObjects): ObjectRef[] {
  const wholes = containersOf(object, before)
  const above = wholes.flatMap((whole) =>
    whole.kind === 'table' ? [partRef('column', whole, name)] : [],
  )
  return [object.ref, ...above, ...wholes]
}

function columnRef({ ref }: DataObject, name: string): ObjectRef {
  return partRef(ref.kind === 'type' ? 'attribute' : 'column', ref, name)
}

/** Everything that an object is part of: nearest first, each once. */
function containersOf(object: DataObject, before: DataObjects): ObjectRef[] {
  const found = new Map<string, ObjectRef>()
  const queue = [object]
  for (let next = queue.shift(); next; next = queue.shift()) {
    for (const oid of next.parents) {
      const parent = before.get(oid)
      if (parent === undefined || found.has(oid)) continue
      const column = next.ownedBy === null ? undefined : parent.columns[next.ownedBy]
      if (column !== undefined) found.set(`${oid} ${column}`, columnRef(parent, column))
      found.set(oid, parent.ref)
      queue.push(parent)
    }
  }
  const { schema } = object.ref
  return [
    ...found.values(),
    ...(schema === null ? [] : [{ kind: 'schema' as const, name: schema }]),
  ]
}
