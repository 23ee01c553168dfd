import { quoteIdentifier, quoteLiteral, type Session } from '../database/index.ts'
import { advice, suggest } from '../kernel/index.ts'
import type { MappedBlock, SchemaNames } from '../project/index.ts'
import {
  type Constraint,
  type DatabaseSchema,
  type Filling,
  type Index,
  indexesByTable,
  keyOf,
  primaryKeyOf,
  type QualifiedName,
  readSchema,
  tableNamed,
} from '../schema/index.ts'
import { objectKey, type TableRef, tableRef } from '../statements/index.ts'
import { raise } from './failures.ts'
import type { SeedSet, SeedSetTable } from './set.ts'

/** The properties of a column that seeding needs. */
export interface TargetColumn extends Filling {
  readonly name: string
  /** As the server prints it: `character varying(255)`. */
  readonly type: string
  readonly notNull: boolean
  /** For an enum whose values have other names in Prisma: its labels by Prisma's names. */
  readonly labels?: ReadonlyMap<string, string>
}

/** A foreign key of one or more columns. */
export interface TargetForeignKey {
  readonly columns: readonly string[]
  /** The referenced table. */
  readonly table: TableRef
  readonly referenced: readonly string[]
}

/** A table of the target, with its model in the Prisma schema. */
export interface TargetTable extends TableRef {
  /** Its schema-qualified name as SQL, so that it cannot mean one of Slipway's temporary tables. */
  readonly id: string
  readonly columns: readonly TargetColumn[]
  /** Empty if the table has none. */
  readonly primaryKey: readonly string[]
  /** The columns of each unique key that holds for all rows. */
  readonly unique: readonly (readonly string[])[]
  readonly foreignKeys: readonly TargetForeignKey[]
  readonly model?: MappedBlock
}

/** The tables of the target. */
export interface TargetTables {
  /** The name of the default schema. */
  readonly defaultSchema: string
  /** All tables by `objectKey`. */
  readonly byKey: ReadonlyMap<string, TargetTable>
}

/** The names of the Prisma schema, for a database with the given default schema. */
export type NamesIn = (defaultSchema: string) => SchemaNames

/** Reads the tables of the target. */
export async function readTargetTables(session: Session, namesIn: NamesIn): Promise<TargetTables> {
  const schema = await readSchema(session, { keys: true, filling: true, types: true })
  const names = namesIn(schema.defaultSchema)
  const unique = indexesByTable(schema, isUniqueKey)
  const tables = [...schema.tables.values()].filter(({ partition }) => !partition)
  const byKey = new Map(
    tables.map((table) => {
      const ref = tableRef(schema, table)
      const inSchema = table.schema ?? schema.defaultSchema
      const model = names.models.find(
        ({ mapped, schema: of }) => mapped === table.name && of === inSchema,
      )
      const target: TargetTable = {
        ...ref,
        id: [inSchema, table.name].map(quoteIdentifier).join('.'),
        columns: [...table.columns].flatMap(([name, { type, notNull, filling, enum: of }]) => {
          const labels = of
            ? labelsOf(names.enums, of, schema.defaultSchema)
            : labelsOfField(names.enums, model, name)
          return filling ? [{ name, type, notNull, ...filling, ...(labels ? { labels } : {}) }] : []
        }),
        primaryKey: primaryKeyOf(table),
        unique: (unique.get(keyOf(schema, table)) ?? []).map(({ columns }) => columns),
        foreignKeys: table.constraints.flatMap(({ columns, references }) => {
          if (references === undefined) return []
          const pointed = tableRef(schema, references.table)
          return [{ columns, table: pointed, referenced: referencedBy(schema, references) }]
        }),
        ...(model ? { model } : {}),
      }
      return [objectKey(ref), target]
    }),
  )
  return { defaultSchema: schema.defaultSchema, byKey }
}

/** The columns that a foreign key references; if it names none, the primary key. */
function referencedBy(
  schema: DatabaseSchema,
  { table, columns }: NonNullable<Constraint['references']>,
): readonly string[] {
  const pointed = columns.length === 0 ? tableNamed(schema, table) : undefined
  return pointed ? primaryKeyOf(pointed) : columns
}

/** The labels of an enum by Prisma's names of its values, for names that are not labels themselves. */
function labelsOf(
  enums: readonly MappedBlock[],
  { schema, name }: QualifiedName,
  defaultSchema: string,
): ReadonlyMap<string, string> | undefined {
  return renamedIn(
    enums.find((one) => one.mapped === name && one.schema === (schema ?? defaultSchema)),
  )
}

/** The same for an enum that only the Prisma schema knows. */
function labelsOfField(
  enums: readonly MappedBlock[],
  model: MappedBlock | undefined,
  column: string,
): ReadonlyMap<string, string> | undefined {
  const name = model?.members.find(({ mapped }) => mapped === column)?.enum
  return name === undefined ? undefined : renamedIn(enums.find((one) => one.name === name))
}

function renamedIn(found: MappedBlock | undefined): ReadonlyMap<string, string> | undefined {
  const members = found?.members ?? []
  const labels = new Set(members.map(({ mapped }) => mapped))
  const renamed = members.filter((member) => !labels.has(member.name))
  return renamed.length === 0
    ? undefined
    : new Map(renamed.map((member) => [member.name, member.mapped]))
}

/** The table that a foreign key references; undefined if it is a partition. */
export function parentOf(
  { byKey }: TargetTables,
  key: TargetForeignKey | undefined,
): TargetTable | undefined {
  return key && byKey.get(objectKey(key.table))
}

/** Whether an index enforces uniqueness of plain columns for all rows, at each statement. */
function isUniqueKey({ unique, partial, invalid, deferred, columns }: Index): boolean {
  return unique && !partial && !invalid && !deferred && !columns.includes('')
}

/**
 * Refuses sets that write to the same table by different names, such as its model and its own name: neither
 * could tell which rows are its own.
 */
export function refuseSharedTables(tables: TargetTables, sets: readonly SeedSet[]): void {
  const owners = new Map<TargetTable, NamedBySet>()
  for (const set of sets) {
    for (const { name } of set.tables) {
      const table = findTable(tables, name)
      if (table === undefined) continue
      const owner = owners.get(table)
      if (owner !== undefined) refuseShared(table, owner, { set, name })
      owners.set(table, { set, name })
    }
  }
}

interface NamedBySet {
  readonly set: SeedSet
  readonly name: string
}

function refuseShared({ name: table }: TargetTable, one: NamedBySet, other: NamedBySet): never {
  const isSame = one.set === other.set
  return raise('SEEDS.TABLE_OWNED', {
    message: isSame
      ? `${one.set.name} has ${table} twice: as ${one.name} and as ${other.name}.`
      : `${other.set.name} and ${one.set.name} both write to ${table}: as ${other.name} and as ${one.name}.`,
    why: 'A table belongs to one set in an environment, so that each row has one owner.',
    nextActions: [
      advice(
        isSame
          ? 'Put its rows under one of the names.'
          : 'Put its rows into one set, or the sets into different environments.',
      ),
    ],
    where: { file: other.set.file },
  })
}

/** Finds a set's table by its model, name, or schema-qualified name. Fails with SEEDS.TABLE_MISSING. */
export function tableOf(
  tables: TargetTables,
  set: SeedSet,
  { name }: Pick<SeedSetTable, 'name'>,
  pending: readonly string[],
): TargetTable {
  const found = findTable(tables, name)
  if (found) return found
  const near = nearestTable(tables, name)
  return raise('SEEDS.TABLE_MISSING', {
    message: `The seed set ${set.name} writes to ${name}, which the database does not have.`,
    why:
      pending.length > 0
        ? `Pending migrations may create it: ${pending.join(', ')}.`
        : 'No table and no model has that name.',
    nextActions: near === undefined ? [] : [advice(`Did you mean ${near}?`)],
    where: { file: set.file },
  })
}

/** Finds a table by its model, schema-qualified name, or name; undefined if there is none. */
export function findTable(
  { defaultSchema, byKey }: TargetTables,
  name: string,
): TargetTable | undefined {
  const all = [...byKey.values()]
  return (
    all.find((table) => table.model?.name === name) ??
    all.find((table) => `${table.schema ?? defaultSchema}.${table.name}` === name) ??
    all.find((table) => table.schema === null && table.name === name)
  )
}

/** The table or model with the name most similar to an unknown one. */
export function nearestTable({ byKey }: TargetTables, name: string): string | undefined {
  const names = [...byKey.values()].flatMap(({ name: table, model }) => [
    table,
    model?.name ?? table,
  ])
  return suggest(name, names)
}

/** Finds a column by its field or column name; undefined if there is none, or if it is generated. */
export function columnOf(table: TargetTable, field: string): TargetColumn | undefined {
  const mapped = table.model?.members.find(({ name }) => name === field)?.mapped ?? field
  return table.columns.find(({ name }) => name === mapped && !isComputed(table, name))
}

function isComputed({ columns }: TargetTable, name: string): boolean {
  return columns.some((column) => column.name === name && column.generated)
}

/** The name of a column in rows: its field, if there is a model. */
export function fieldOf(table: TargetTable, column: string): string {
  const field = table.model?.members.find(({ mapped }) => mapped === column)?.name ?? column
  return columnOf(table, field)?.name === column ? field : column
}

/** Whether Prisma Client gives an omitted column a value. */
export function isFilledByClient({ model }: TargetTable, { name }: TargetColumn): boolean {
  return (
    model?.members.some(({ mapped, filled }) => mapped === name && filled !== undefined) ?? false
  )
}

/**
 * SQL of the value with which Prisma Client would fill an omitted column. IDs are the same in every database.
 */
export function fillerOf(
  table: TargetTable,
  column: TargetColumn,
  /** SQL of each value of the natural key. */
  key: readonly string[],
): string | undefined {
  const filled = table.model?.members.find(({ mapped }) => mapped === column.name)?.filled
  if (filled === undefined) return undefined
  if (filled === 'updatedAt') return 'now()'
  const identity = `md5(concat_ws('|', ${quoteLiteral(table.name)}, ${key.map((value) => `${value}::text`).join(', ')}))`
  switch (filled) {
    case 'uuid':
      // With the version and variant bits of a version 4 UUID, which validators check.
      return `overlay(overlay(${identity} PLACING '4' FROM 13 FOR 1) PLACING 'a' FROM 17 FOR 1)::uuid::${column.type}`
    case 'cuid':
      return `('c' || substr(${identity}, 1, 24))::${column.type}`
    case 'nanoid':
      return `substr(${identity}, 1, 21)::${column.type}`
    case 'ulid':
      return `upper('01' || substr(${identity}, 1, 24))::${column.type}`
  }
}
