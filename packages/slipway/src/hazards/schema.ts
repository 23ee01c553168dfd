import type { ConstraintDefinition, ObjectName } from '../statements/index.ts'

/** The schema at one point of a history, as far as rules ask for it. Keys are `schema.name`. */
export interface Schema {
  readonly defaultSchema: string
  readonly tables: ReadonlyMap<string, Table>
  readonly indexes: ReadonlyMap<string, Index>
  readonly enums: ReadonlyMap<string, Enum>
}

/** A table or a materialized view. One that only an ALTER TABLE has shown knows of no more than that. */
export interface Table {
  readonly schema: string
  readonly name: string
  /** The migration that made it; unknown where it was not seen to be made. */
  readonly madeBy?: string
  /** Its key on the target, whatever renamed it since; absent where a pending migration makes it. */
  readonly onTarget?: string
  /** The migration that switched its row level security on; unknown where none was seen to. */
  readonly securedBy?: string
  /** It has partitions: much of what is safe on a table cannot be done with it. */
  readonly partitioned?: true
  readonly columns: ReadonlyMap<string, Column>
  readonly constraints: readonly Constraint[]
}

export interface Column {
  readonly type: string
  readonly notNull: boolean
  /** The migration that added it. */
  readonly addedBy: string
}

export interface Constraint {
  readonly kind: ConstraintDefinition['kind']
  readonly name: string
  readonly columns: readonly string[]
  /** All rows are known to keep it. */
  readonly valid: boolean
  readonly expression?: string
  /** Of a foreign key: the key of the table it points at. */
  readonly references?: string
}

export interface Index {
  readonly schema: string
  readonly name: string
  /** The key of its table. */
  readonly table: string
  /** Columns in order; an expression is empty text. */
  readonly columns: readonly string[]
  readonly unique: boolean
  readonly partial: boolean
}

export interface Enum {
  readonly schema: string
  readonly name: string
  readonly values: readonly string[]
}

/** A schema without objects. */
export function emptySchema(defaultSchema: string): Schema {
  return { defaultSchema, tables: new Map(), indexes: new Map(), enums: new Map() }
}

/** The key of an object in the schema's maps. */
export function keyOf(
  { defaultSchema }: Pick<Schema, 'defaultSchema'>,
  { schema, name }: ObjectName,
): string {
  return `${schema ?? defaultSchema}.${name}`
}

/** A table, where it is known. */
export function tableNamed(schema: Schema, name: ObjectName): Table | undefined {
  return schema.tables.get(keyOf(schema, name))
}

/** A column, where it is known. */
export function columnNamed(schema: Schema, table: ObjectName, column: string): Column | undefined {
  return tableNamed(schema, table)?.columns.get(column)
}

/** The keys of the tables with a foreign key to this one, itself left out. */
export function referencingTables(schema: Schema, name: ObjectName): string[] {
  const key = keyOf(schema, name)
  return [...schema.tables]
    .filter(([other, { constraints }]) => {
      return other !== key && constraints.some(({ references }) => references === key)
    })
    .map(([other]) => other)
}
