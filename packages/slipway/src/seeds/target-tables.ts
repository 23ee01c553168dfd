import { quoteIdentifier, quoteLiteral, type Session } from '../database/index.ts'
import { advice, suggest } from '../kernel/index.ts'
import type { MappedBlock, SchemaNames } from '../project/index.ts'
import { raise } from './failures.ts'
import type { SeedSet, SeedSetTable } from './set.ts'

/** A column of a table as seeding must know it. */
export interface TargetColumn {
  readonly name: string
  /** As the server prints it: `character varying(255)`. */
  readonly type: string
  readonly notNull: boolean
  readonly hasDefault: boolean
  /** The server computes it. */
  readonly generated: boolean
  /** GENERATED ALWAYS AS IDENTITY: a value of our own needs OVERRIDING SYSTEM VALUE. */
  readonly always: boolean
  /** The sequence that fills it, ready to stand in SQL. */
  readonly sequence?: string
  /** Values of it can be compared with =. */
  readonly comparable: boolean
}

/** A foreign key of one column or more. */
export interface TargetForeignKey {
  readonly columns: readonly string[]
  /** The table that it points at, as `schema.name` without quotes. */
  readonly table: string
  readonly referenced: readonly string[]
}

/** A table of the target, and what the Prisma schema calls it. */
export interface TargetTable {
  readonly schema: string
  readonly name: string
  /** Ready to stand in SQL. */
  readonly id: string
  readonly columns: readonly TargetColumn[]
  /** Empty where the table has none. */
  readonly primaryKey: readonly string[]
  /** The columns of each unique key that holds for all rows. */
  readonly unique: readonly (readonly string[])[]
  readonly foreignKeys: readonly TargetForeignKey[]
  readonly model?: MappedBlock
}

/** All tables of the target, by `schema.name`. */
export type TargetTables = ReadonlyMap<string, TargetTable>

const COLUMNS = `SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
    'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
    'hasDefault', a.atthasdef OR a.attidentity <> '', 'generated', a.attgenerated <> '',
    'always', a.attidentity = 'a',
    'sequence', pg_get_serial_sequence(c.oid::regclass::text, a.attname),
    'comparable', EXISTS (SELECT FROM pg_operator o WHERE o.oprname = '=' AND o.oprleft = o.oprright
      AND o.oprleft IN (t.oid, t.typbasetype, CASE t.typtype WHEN 'e' THEN 'anyenum'::regtype END)
      OR t.typcategory IN ('A', 'S', 'R'))
  )) ORDER BY a.attnum)
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped`

const NAMES = (numbers: string, relation: string) =>
  `(SELECT jsonb_agg(a.attname ORDER BY k.at) FROM unnest(${numbers}) WITH ORDINALITY k (number, at)
    JOIN pg_attribute a ON a.attrelid = ${relation} AND a.attnum = k.number)`

const READ = `SELECT jsonb_build_object('schema', n.nspname, 'name', c.relname, 'id', c.oid::regclass::text,
    'columns', coalesce((${COLUMNS}), '[]'),
    'primaryKey', coalesce((SELECT ${NAMES('i.indkey::int2[]', 'c.oid')} FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary), '[]'),
    'unique', coalesce((SELECT jsonb_agg(${NAMES('i.indkey::int2[]', 'c.oid')} ORDER BY i.indisprimary DESC, i.indexrelid) FROM pg_index i
      WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indimmediate), '[]'),
    'foreignKeys', coalesce((SELECT jsonb_agg(jsonb_build_object('columns', ${NAMES('f.conkey', 'f.conrelid')},
        'table', rn.nspname || '.' || r.relname, 'referenced', ${NAMES('f.confkey', 'f.confrelid')}) ORDER BY f.conname)
      FROM pg_constraint f JOIN pg_class r ON r.oid = f.confrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace
      WHERE f.conrelid = c.oid AND f.contype = 'f'), '[]'))::text AS facts
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'slipway')
    AND n.nspname !~ '^pg_(toast|temp)'`

/** Reads the tables of the target. */
export async function readTargetTables(
  session: Session,
  names: SchemaNames,
): Promise<TargetTables> {
  const rows = await session.query<{ facts: string }>(READ)
  return new Map(
    rows.map(({ facts }) => {
      const table = JSON.parse(facts) as Omit<TargetTable, 'model'>
      const model = names.models.find(
        ({ mapped, schema }) => mapped === table.name && schema === table.schema,
      )
      return [`${table.schema}.${table.name}`, { ...table, ...(model ? { model } : {}) }]
    }),
  )
}

/** The table that a set means: by its model, its name, or its name with the schema. Fails with SEEDS.TABLE_MISSING. */
export function tableOf(
  tables: TargetTables,
  set: SeedSet,
  { name }: Pick<SeedSetTable, 'name'>,
  { schema, pending }: { readonly schema: string; readonly pending: readonly string[] },
): TargetTable {
  const found = findTable(tables, name, schema)
  if (found) return found
  const near = nearestTable(tables, name)
  return raise('SEEDS.TABLE_MISSING', {
    message: `The seed set ${set.name} writes to ${name}, which the database does not have.`,
    why:
      pending.length > 0
        ? `Migrations are pending that may make it: ${pending.join(', ')}.`
        : 'No table and no model has that name.',
    nextActions: near === undefined ? [] : [advice(`Perhaps ${near} is meant.`)],
    where: { file: set.file },
  })
}

/** The table of that model, of that name, or of that name with its schema; nothing where there is none. */
export function findTable(
  tables: TargetTables,
  name: string,
  schema: string,
): TargetTable | undefined {
  return (
    [...tables.values()].find((table) => table.model?.name === name) ??
    tables.get(name) ??
    tables.get(`${schema}.${name}`)
  )
}

/** The table or model whose name is most like one that does not exist. */
export function nearestTable(tables: TargetTables, name: string): string | undefined {
  const names = [...tables.values()].flatMap(({ name: table, model }) => [
    table,
    model?.name ?? table,
  ])
  return suggest(name, names)
}

/** The column that a set means by a field or a column; nothing where there is none. */
export function columnOf(table: TargetTable, field: string): TargetColumn | undefined {
  const mapped = table.model?.members.find(({ name }) => name === field)?.mapped ?? field
  return table.columns.find(({ name }) => name === mapped && !isComputed(table, name))
}

function isComputed({ columns }: TargetTable, name: string): boolean {
  return columns.some((column) => column.name === name && column.generated)
}

/** What rows call a column: its field where there is a model. */
export function fieldOf(table: TargetTable, column: string): string {
  const field = table.model?.members.find(({ mapped }) => mapped === column)?.name ?? column
  return columnOf(table, field)?.name === column ? field : column
}

/** What Prisma's client would fill a column with that is not given, as SQL; the same in every database. */
export function fillerOf(
  table: TargetTable,
  column: TargetColumn,
  key: readonly string[],
): string | undefined {
  const filled = table.model?.members.find(({ mapped }) => mapped === column.name)?.filled
  if (filled === undefined) return undefined
  if (filled === 'updatedAt') return 'now()'
  const identity = `md5(concat_ws('|', ${quoteLiteral(table.name)}, ${key.map((name) => `r.${quoteIdentifier(name)}::text`).join(', ')}))`
  switch (filled) {
    case 'uuid':
      // With the marks of version 4, by which others check what a UUID is.
      return `overlay(overlay(${identity} PLACING '4' FROM 13 FOR 1) PLACING 'a' FROM 17 FOR 1)::uuid::${column.type}`
    case 'cuid':
      return `('c' || substr(${identity}, 1, 24))::${column.type}`
    case 'nanoid':
      return `substr(${identity}, 1, 21)::${column.type}`
    case 'ulid':
      return `upper('01' || substr(${identity}, 1, 24))::${column.type}`
  }
}
