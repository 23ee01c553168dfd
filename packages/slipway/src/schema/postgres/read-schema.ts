import { inLedger, type Session } from '../../database/index.ts'
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
 * Reads the schema of a database from its catalog, with one query: the tables of all user schemas, except
 * Slipway's own. No rows are read. Schemas are references: the default schema of the session is `null`.
 */
export async function readSchema(session: Session, parts: SchemaParts): Promise<DatabaseSchema> {
  const [row] = await session.query<{ facts: string }>(
    inLedger(session, schemaSql(parts, session.server.versionNumber)),
  )
  const facts = JSON.parse(row?.facts ?? '{}') as Partial<SchemaRow>
  return schemaOf(facts, session.server.schema)
}

interface ColumnRow extends Pick<Column, 'type' | 'notNull' | 'filling' | 'values'> {
  /** The OID of the table. */
  readonly of: number
  readonly number: number
  readonly name: string
  readonly enum?: Placed
}

interface Placed {
  readonly schema: string
  readonly name: string
}

/** Columns by their numbers; 0 is an expression. */
interface Numbered {
  readonly of: number
  readonly columns: readonly number[]
}

interface ConstraintRow
  extends Numbered, Pick<Constraint, 'kind' | 'name' | 'valid' | 'expression' | 'passesOn'> {
  readonly table?: number
  readonly referenced?: readonly number[]
}

type IndexRow = Numbered & Omit<Index, 'schema' | 'table' | 'columns'>

type TableRow = Placed &
  Pick<Table, 'sql' | 'partitioned' | 'partition' | 'ofExtension'> & { readonly oid: number }

interface SchemaRow {
  readonly tables: readonly TableRow[]
  readonly columns: readonly ColumnRow[]
  readonly constraints: readonly ConstraintRow[]
  readonly indexes: readonly IndexRow[]
  readonly triggers: readonly { readonly of: number; readonly name: string }[]
  readonly enums: readonly (Placed & { readonly labels: readonly string[] | null })[]
  readonly domains: readonly Placed[]
}

function schemaOf(read: Partial<SchemaRow>, defaultSchema: string): DatabaseSchema {
  const empty = emptySchema(defaultSchema)
  const { enums = [], domains = [], tables = [], columns = [] } = read
  let id = empty.nextId
  const placed = <T extends Placed>(one: T) => {
    const name = referenceOf(empty, one)
    return { ...one, ...name, onTarget: name }
  }
  const keyed = <T extends QualifiedName>(all: readonly T[]) =>
    new Map(all.map((one) => [keyOf(empty, one), one]))
  const names = new Map(tables.map((table) => [table.oid, referenceOf(empty, table)]))
  const numbers = new Map(columns.map(({ of, number, name }) => [`${of} ${number}`, name]))
  const named = (of: number, list: readonly number[]) =>
    list.map((number) => numbers.get(`${of} ${number}`) ?? '')
  const [ownColumns, ownConstraints, ownTriggers] = [
    Map.groupBy(columns, ({ of }) => of),
    Map.groupBy(read.constraints ?? [], ({ of }) => of),
    Map.groupBy(read.triggers ?? [], ({ of }) => of),
  ]
  const constraintOf = ({ of, table, referenced, ...constraint }: ConstraintRow): Constraint => {
    const other = table === undefined ? undefined : names.get(table)
    return {
      ...constraint,
      columns: named(of, constraint.columns),
      ...(other && table !== undefined
        ? { references: { table: other, columns: named(table, referenced ?? []) } }
        : {}),
    }
  }
  const columnOf = ({ of: _of, number: _number, name, enum: type, ...column }: ColumnRow) => {
    const ofEnum = type ? { enum: referenceOf(empty, type) } : {}
    return [name, { ...column, id: id++, ...ofEnum }] as const
  }
  const readTables = tables.map(({ oid, ...table }) => ({
    ...placed(table),
    id: id++,
    triggers: (ownTriggers.get(oid) ?? []).map(({ name }) => name),
    columns: new Map((ownColumns.get(oid) ?? []).map(columnOf)),
    constraints: (ownConstraints.get(oid) ?? []).map(constraintOf),
  }))
  const indexes = (read.indexes ?? []).flatMap(({ of, ...index }) => {
    const table = names.get(of)
    return table
      ? [{ ...index, schema: table.schema, table, columns: named(of, index.columns) }]
      : []
  })
  return {
    ...empty,
    tables: keyed(readTables),
    indexes: keyed(indexes),
    enums: keyed(enums.map((one) => ({ ...placed(one), labels: one.labels ?? [] }))),
    domains: keyed(domains.map(placed)),
    nextId: id,
  }
}

const USERS = `n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'slipway')`

/** A JSON object without the fields that are NULL, which would only make the result larger. */
function strippedObject(...fields: readonly string[]): string {
  return `json_strip_nulls(json_build_object(${fields.join(', ')}))`
}

function flag(name: string, condition: string): string {
  return `'${name}', nullif(${condition}, false)`
}

/** A column of a serial type is filled by a sequence, which depends on it. */
const FILLING = `json_strip_nulls(json_build_object(
    'hasDefault', a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL,
    'base', format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL), 'generated', a.attgenerated <> '', 'always', a.attidentity = 'a',
    'sequence', CASE WHEN has_schema_privilege(c.nspname, 'USAGE') THEN pg_get_serial_sequence(c.oid::regclass::text, a.attname) END,
    'comparable', EXISTS (SELECT FROM pg_operator o WHERE o.oprname = '=' AND o.oprleft = o.oprright
      AND o.oprleft IN (t.oid, t.typbasetype, CASE t.typtype WHEN 'e' THEN 'anyenum'::regtype END)
      OR t.typcategory IN ('A', 'S', 'R'))))`

/** An attribute of a composite type: its type may be an enum or an array, not another composite type. */
const ATTRIBUTE = `json_strip_nulls(json_build_object('base', coalesce(xe.typname, xt.typname), 'array', xe.oid IS NOT NULL, 'place', x.attnum,
    'labels', coalesce((SELECT json_agg(v.enumlabel ORDER BY v.enumsortorder) FROM pg_enum v WHERE v.enumtypid = coalesce(xe.oid, xt.oid)), '[]'),
    'length', CASE WHEN xt.typname IN ('varchar', 'bpchar') AND x.atttypmod > 3 THEN x.atttypmod - 4 END,
    'precision', CASE WHEN xt.typname = 'numeric' AND x.atttypmod > 3 THEN (x.atttypmod - 4) >> 16 END,
    'scale', CASE WHEN xt.typname = 'numeric' AND x.atttypmod > 3 THEN (x.atttypmod - 4) & 2047 END))`

/** A type's limits are in atttypmod: 4 + the length; for numeric, precision and scale in its two halves. */
const VALUES = `(SELECT json_strip_nulls(json_build_object(
    'base', coalesce(element.typname, base.typname), 'array', element.oid IS NOT NULL, 'place', a.attnum,
    'notNull', a.attnotnull OR t.typnotnull, 'generated', a.attgenerated <> '',
    'hints', (SELECT coalesce(json_agg(DISTINCT replace(literal[1], '''''', '''')), '[]')
      FROM pg_constraint k, regexp_matches(pg_get_constraintdef(k.oid), '''((?:[^'']|'''')*)''', 'g') literal
      WHERE k.contype = 'c' AND (k.conrelid = c.oid AND a.attnum = ANY (k.conkey) OR k.contypid = a.atttypid)),
    'labels', coalesce((SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e
                        WHERE e.enumtypid = coalesce(element.oid, base.oid)), '[]'),
    'attributes', CASE WHEN coalesce(element.typrelid, base.typrelid) <> 0 THEN (SELECT json_agg(${ATTRIBUTE} ORDER BY x.attnum)
      FROM pg_attribute x JOIN pg_type xt ON xt.oid = x.atttypid LEFT JOIN pg_type xe ON xe.oid = xt.typelem AND xt.typcategory = 'A'
      WHERE x.attrelid = coalesce(element.typrelid, base.typrelid) AND x.attnum > 0 AND NOT x.attisdropped) END,
    'length', CASE WHEN base.typname IN ('varchar', 'bpchar') AND limits.mod > 3 THEN limits.mod - 4 END,
    'precision', CASE WHEN base.typname = 'numeric' AND limits.mod > 3 THEN (limits.mod - 4) >> 16 END,
    'scale', CASE WHEN base.typname = 'numeric' AND limits.mod > 3 THEN (limits.mod - 4) & 2047 END))
  FROM pg_type base LEFT JOIN pg_type element ON element.oid = base.typelem AND base.typcategory = 'A'
  CROSS JOIN LATERAL (SELECT CASE WHEN t.typbasetype <> 0 THEN t.typtypmod ELSE a.atttypmod END AS mod) limits
  WHERE base.oid = coalesce(nullif(t.typbasetype, 0), t.oid))`

/** A JSON list with an object for each row of `from`, in order. */
function listSql(name: string, object: string, from: string, order: string): string {
  return `'${name}', (SELECT coalesce(json_agg(${object} ORDER BY ${order}), '[]') FROM ${from})`
}

/** Since PostgreSQL 18, NOT NULL can be a constraint that existing rows may not satisfy yet. */
const NOT_VALID = `NOT EXISTS (SELECT FROM pg_constraint k
  WHERE k.conrelid = c.oid AND k.contype = 'n' AND NOT k.convalidated AND a.attnum = ANY (k.conkey))`

function columnsSql({ filling, values, types }: SchemaParts, versionNumber: number): string {
  const column = strippedObject(
    `'of', c.oid::int8, 'number', a.attnum, 'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)`,
    `'notNull', a.attnotnull${versionNumber >= 180_000 ? ` AND ${NOT_VALID}` : ''}`,
    ...(types
      ? [
          `'enum', CASE WHEN e.typtype = 'e' THEN json_build_object('schema', en.nspname, 'name', e.typname) END`,
        ]
      : []),
    ...(filling ? [`'filling', ${FILLING}`] : []),
    ...(values ? [`'values', ${VALUES}`] : []),
  )
  const enums = `
    JOIN pg_type e ON e.oid = CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN t.typelem ELSE t.oid END
    JOIN pg_namespace en ON en.oid = e.typnamespace`
  const from = `pg_attribute a JOIN read c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid${types ? enums : ''}
    WHERE a.attnum > 0 AND NOT a.attisdropped`
  return listSql('columns', column, from, 'c.oid, a.attnum')
}

const CONSTRAINT = strippedObject(
  `'of', k.conrelid::int8, 'kind', CASE k.contype WHEN 'p' THEN 'primary-key' WHEN 'u' THEN 'unique'
    WHEN 'f' THEN 'foreign-key' WHEN 'n' THEN 'not-null' WHEN 'x' THEN 'exclusion' ELSE 'check' END`,
  `'name', k.conname, 'valid', k.convalidated, 'columns', coalesce(to_json(k.conkey), '[]')`,
  `'expression', CASE k.contype WHEN 'c' THEN pg_get_expr(k.conbin, k.conrelid) END`,
  `'table', nullif(k.confrelid::int8, 0), 'referenced', to_json(k.confkey)`,
  flag(
    'passesOn',
    `k.contype = 'f' AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))`,
  ),
)

const INDEX = strippedObject(
  `'of', x.indrelid::int8, 'name', i.relname, 'unique', x.indisunique, 'partial', x.indpred IS NOT NULL`,
  `'columns', to_json((x.indkey::int2[])[0:x.indnkeyatts - 1])`,
  flag('primary', 'x.indisprimary'),
  flag('excludes', 'x.indisexclusion'),
  flag('invalid', 'NOT x.indisvalid'),
  flag('deferred', 'NOT x.indimmediate'),
)

function keysSql({ keys, constraints }: SchemaParts): string[] {
  if (!keys && !constraints) return []
  const kinds = constraints
    ? `(k.contype IN ('p', 'u', 'f', 'c', 'x') OR k.contype = 'n' AND NOT k.convalidated)`
    : `k.contype IN ('p', 'f')`
  return [
    listSql(
      'constraints',
      CONSTRAINT,
      `pg_constraint k JOIN read c ON c.oid = k.conrelid WHERE ${kinds}`,
      'k.conname',
    ),
    listSql(
      'indexes',
      INDEX,
      'pg_index x JOIN read c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid',
      'x.indisprimary DESC, x.indexrelid',
    ),
    ...(constraints
      ? [
          listSql(
            'triggers',
            `json_build_object('of', g.tgrelid::int8, 'name', g.tgname)`,
            'pg_trigger g JOIN read c ON c.oid = g.tgrelid WHERE NOT g.tgisinternal',
            'g.tgname',
          ),
        ]
      : []),
  ]
}

const ENUM = `json_build_object('schema', n.nspname, 'name', t.typname, 'labels',
  (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))`

function typesSql(): string[] {
  const from = (kind: string) =>
    `pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = '${kind}' AND ${USERS}`
  const domain = `json_build_object('schema', n.nspname, 'name', t.typname)`
  return [
    listSql('enums', ENUM, from('e'), 'n.nspname, t.typname'),
    listSql('domains', domain, from('d'), 'n.nspname, t.typname'),
  ]
}

function schemaSql(parts: SchemaParts, versionNumber: number): string {
  const table = strippedObject(
    `'oid', c.oid::int8, 'schema', c.nspname, 'name', c.relname, 'sql', c.oid::regclass::text`,
    flag('partitioned', `c.relkind = 'p'`),
    flag('partition', 'c.relispartition'),
    flag(
      'ofExtension',
      `EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`,
    ),
  )
  const lists = [
    listSql('tables', table, 'read c', 'c.nspname, c.relname'),
    columnsSql(parts, versionNumber),
    ...keysSql(parts),
    ...(parts.types ? typesSql() : []),
  ]
  const only = parts.only ? ` AND c.oid = ANY ('{${parts.only.join(',')}}')` : ''
  return `WITH read AS MATERIALIZED (
      SELECT c.oid, c.relname, c.relkind, c.relispartition, n.nspname
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND ${USERS}${only})
    SELECT json_build_object(${lists.join(',\n')})::text AS facts`
}
