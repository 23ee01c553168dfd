import type { Session } from '../../database/index.ts'
import {
  type Column,
  type Constraint,
  type DatabaseSchema,
  emptySchema,
  type Index,
  keyOf,
  type QualifiedName,
  referenceOf,
  type Table,
} from '../model.ts'
import type { SchemaParts } from '../schema-parts.ts'

/**
 * Reads the schema of a database from its catalog, with one query: the tables of all schemas of users, but not
 * those of Slipway. No row of a user is read. Schemas are references: the default schema of the session is `null`.
 */
export async function readSchema(session: Session, parts: SchemaParts): Promise<DatabaseSchema> {
  const [row] = await session.query<{ facts: string }>(schemaSql(parts))
  const facts = JSON.parse(row?.facts ?? '{}') as Partial<SchemaRow>
  return schemaOf(facts, session.server.schema)
}

type Row<Object extends QualifiedName> = Omit<Object, 'schema'> & { readonly schema: string }

type ColumnRow = Omit<Column, 'id' | 'enum'> & {
  readonly name: string
  readonly enum?: Row<QualifiedName>
}

interface TableRow extends Omit<
  Row<Table>,
  'id' | 'columns' | 'constraints' | 'triggers' | 'onTarget'
> {
  readonly columns: readonly ColumnRow[]
  readonly constraints?: readonly Constraint[]
  readonly indexes?: readonly Omit<Index, 'schema' | 'table'>[]
  readonly triggers?: readonly string[]
}

interface SchemaRow {
  readonly tables: readonly TableRow[]
  readonly enums: readonly (Row<QualifiedName> & { readonly labels: readonly string[] | null })[]
  readonly domains: readonly Row<QualifiedName>[]
}

function schemaOf(
  { tables = [], enums = [], domains = [] }: Partial<SchemaRow>,
  defaultSchema: string,
): DatabaseSchema {
  const empty = emptySchema(defaultSchema)
  let id = empty.nextId
  const nextId = () => id++
  const placed = <T extends QualifiedName>(one: T) => {
    const name = referenceOf(empty, one)
    return { ...one, ...name, onTarget: name }
  }
  const keyed = <T extends QualifiedName>(all: readonly T[]) =>
    new Map(all.map((one) => [keyOf(empty, one), one]))
  const indexes = tables.flatMap(({ schema, name, indexes: own = [] }) =>
    own.map((index) => ({
      ...index,
      ...referenceOf(empty, { schema, name: index.name }),
      table: referenceOf(empty, { schema, name }),
    })),
  )
  const read = tables.map(({ indexes: _indexes, triggers = [], constraints = [], ...table }) => ({
    ...placed(table),
    id: nextId(),
    triggers,
    columns: new Map(table.columns.map((row) => columnOf(row, { nextId, empty }))),
    constraints: constraints.map((one) => constraintOf(one, empty)),
  }))
  return {
    ...empty,
    tables: keyed(read),
    indexes: keyed(indexes),
    enums: keyed(enums.map((one) => ({ ...placed(one), labels: one.labels ?? [] }))),
    domains: keyed(domains.map(placed)),
    nextId: id,
  }
}

function columnOf(
  { name, enum: type, ...column }: ColumnRow,
  { nextId, empty }: { readonly nextId: () => number; readonly empty: DatabaseSchema },
): [string, Column] {
  return [name, { ...column, id: nextId(), ...(type ? { enum: referenceOf(empty, type) } : {}) }]
}

function constraintOf(constraint: Constraint, empty: DatabaseSchema): Constraint {
  const { references } = constraint
  if (references === undefined) return constraint
  return {
    ...constraint,
    references: { ...references, table: referenceOf(empty, references.table) },
  }
}

const USERS = `n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'slipway')`

/** What is not there, or false, takes no place in what is read. */
function strippedObject(...fields: readonly string[]): string {
  return `jsonb_strip_nulls(jsonb_build_object(${fields.join(', ')}))`
}

function flag(name: string, condition: string): string {
  return `'${name}', nullif(${condition}, false)`
}

/** Names of columns by their numbers, in order; an expression is empty text. */
function columnNames(numbers: string, relation: string): string {
  return `(SELECT jsonb_agg(coalesce(a.attname, '') ORDER BY u.at) FROM unnest(${numbers}) WITH ORDINALITY u (number, at)
    LEFT JOIN pg_attribute a ON a.attrelid = ${relation} AND a.attnum = u.number AND u.number <> 0)`
}

/** A column of a serial type is filled by a sequence, which depends on it. */
const FILLING = `jsonb_strip_nulls(jsonb_build_object(
    'hasDefault', a.atthasdef OR a.attidentity <> '', 'generated', a.attgenerated <> '', 'always', a.attidentity = 'a',
    'sequence', pg_get_serial_sequence(c.oid::regclass::text, a.attname),
    'comparable', EXISTS (SELECT FROM pg_operator o WHERE o.oprname = '=' AND o.oprleft = o.oprright
      AND o.oprleft IN (t.oid, t.typbasetype, CASE t.typtype WHEN 'e' THEN 'anyenum'::regtype END)
      OR t.typcategory IN ('A', 'S', 'R'))))`

/** A type's limits are in atttypmod: 4 + the length; for numeric, precision and scale in its two halves. */
const VALUES = `(SELECT jsonb_strip_nulls(jsonb_build_object(
    'base', coalesce(element.typname, base.typname), 'array', element.oid IS NOT NULL, 'place', a.attnum,
    'notNull', a.attnotnull OR t.typnotnull, 'generated', a.attgenerated <> '',
    'hints', (SELECT coalesce(jsonb_agg(DISTINCT replace(literal[1], '''''', '''')), '[]')
      FROM pg_constraint k, regexp_matches(pg_get_constraintdef(k.oid), '''((?:[^'']|'''')*)''', 'g') literal
      WHERE k.contype = 'c' AND (k.conrelid = c.oid AND a.attnum = ANY (k.conkey) OR k.contypid = a.atttypid)),
    'labels', coalesce((SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e
                        WHERE e.enumtypid = coalesce(element.oid, base.oid)), '[]'),
    'length', CASE WHEN base.typname IN ('varchar', 'bpchar') AND limits.mod > 3 THEN limits.mod - 4 END,
    'precision', CASE WHEN base.typname = 'numeric' AND limits.mod > 3 THEN (limits.mod - 4) >> 16 END,
    'scale', CASE WHEN base.typname = 'numeric' AND limits.mod > 3 THEN (limits.mod - 4) & 2047 END))
  FROM pg_type base LEFT JOIN pg_type element ON element.oid = base.typelem AND base.typcategory = 'A'
  CROSS JOIN LATERAL (SELECT CASE WHEN t.typbasetype <> 0 THEN t.typtypmod ELSE a.atttypmod END AS mod) limits
  WHERE base.oid = coalesce(nullif(t.typbasetype, 0), t.oid))`

function columnsSql({ filling, values }: SchemaParts): string {
  const column = strippedObject(
    `'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)`,
    `'notNull', a.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint k
      WHERE k.conrelid = c.oid AND k.contype = 'n' AND NOT k.convalidated AND a.attnum = ANY (k.conkey))`,
    `'enum', CASE WHEN e.typtype = 'e' THEN jsonb_build_object('schema', en.nspname, 'name', e.typname) END`,
    ...(filling ? [`'filling', ${FILLING}`] : []),
    ...(values ? [`'values', ${VALUES}`] : []),
  )
  return `SELECT jsonb_agg(${column} ORDER BY a.attnum)
    FROM pg_attribute a
    JOIN pg_type t ON t.oid = a.atttypid
    JOIN pg_type e ON e.oid = CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN t.typelem ELSE t.oid END
    JOIN pg_namespace en ON en.oid = e.typnamespace
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped`
}

const CONSTRAINTS = `SELECT jsonb_agg(${strippedObject(
  `'kind', CASE k.contype WHEN 'p' THEN 'primary-key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign-key'
    WHEN 'n' THEN 'not-null' WHEN 'x' THEN 'exclusion' ELSE 'check' END`,
  `'name', k.conname, 'valid', k.convalidated`,
  `'columns', coalesce(${columnNames('k.conkey', 'k.conrelid')}, '[]')`,
  `'expression', CASE k.contype WHEN 'c' THEN pg_get_expr(k.conbin, k.conrelid) END`,
  `'references', CASE k.contype WHEN 'f' THEN jsonb_build_object(
    'table', (SELECT jsonb_build_object('schema', rn.nspname, 'name', r.relname)
      FROM pg_class r JOIN pg_namespace rn ON rn.oid = r.relnamespace WHERE r.oid = k.confrelid),
    'columns', ${columnNames('k.confkey', 'k.confrelid')}) END`,
  flag(
    'passesOn',
    `k.contype = 'f' AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))`,
  ),
)} ORDER BY k.conname)
  FROM pg_constraint k WHERE k.conrelid = c.oid AND (k.contype IN ('p', 'u', 'f', 'c', 'x') OR k.contype = 'n' AND NOT k.convalidated)`

const INDEXES = `SELECT jsonb_agg(${strippedObject(
  `'name', i.relname, 'unique', x.indisunique, 'partial', x.indpred IS NOT NULL`,
  `'columns', ${columnNames('(x.indkey::int2[])[0:x.indnkeyatts - 1]', 'x.indrelid')}`,
  flag('primary', 'x.indisprimary'),
  flag('excludes', 'x.indisexclusion'),
  flag('invalid', 'NOT x.indisvalid'),
  flag('deferred', 'NOT x.indimmediate'),
)} ORDER BY x.indisprimary DESC, x.indexrelid)
  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid`

const TRIGGERS = `SELECT jsonb_agg(g.tgname ORDER BY g.tgname) FROM pg_trigger g
  WHERE g.tgrelid = c.oid AND NOT g.tgisinternal`

const KEYS = `'constraints', (${CONSTRAINTS}), 'indexes', (${INDEXES}), 'triggers', (${TRIGGERS})`

const TYPES = `
  'enums', (SELECT coalesce(jsonb_agg(jsonb_build_object('schema', n.nspname, 'name', t.typname, 'labels',
      (SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))), '[]')
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'e' AND ${USERS}),
  'domains', (SELECT coalesce(jsonb_agg(jsonb_build_object('schema', n.nspname, 'name', t.typname)), '[]')
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'd' AND ${USERS})`

function schemaSql(parts: SchemaParts): string {
  const table = strippedObject(
    `'schema', n.nspname, 'name', c.relname, 'sql', c.oid::regclass::text`,
    flag('partitioned', `c.relkind = 'p'`),
    flag('partition', 'c.relispartition'),
    flag(
      'ofExtension',
      `EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`,
    ),
    `'columns', coalesce((${columnsSql(parts)}), '[]')`,
    ...(parts.keys ? [KEYS] : []),
  )
  return `SELECT jsonb_build_object('tables', (SELECT coalesce(jsonb_agg(${table} ORDER BY n.nspname, c.relname), '[]')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND ${USERS})${parts.types ? `,${TYPES}` : ''})::text AS facts`
}
