import {
  type ConstraintDefinition,
  type ObjectName,
  type SchemaRef,
  schemaRef,
} from '../statements/index.ts'

/**
 * The objects of a database by their references: as `readSchema` reads them from a server, or as the
 * statements of a history create them. Keys are those of `keyOf`.
 */
export interface DatabaseSchema {
  /** The name of the default schema. */
  readonly defaultSchema: string
  readonly tables: ReadonlyMap<string, Table>
  readonly indexes: ReadonlyMap<string, Index>
  readonly enums: ReadonlyMap<string, Enum>
  readonly domains: ReadonlyMap<string, Domain>
  /** Views, sequences, foreign tables, and types that are not enums: only those that were read. */
  readonly others: ReadonlyMap<string, QualifiedName>
  /** The identity of the next table or column. */
  readonly nextId: number
}

/** The name of a table, an index or a type; `null` is the default schema. */
export interface QualifiedName {
  readonly schema: SchemaRef
  readonly name: string
}

/** A table or a materialized view. If only an ALTER TABLE mentioned it, nothing else is known of it. */
export interface Table extends QualifiedName {
  /** Its identity, which a rename does not change. */
  readonly id: number
  /** The migration that created it; absent if its creation was not seen. */
  readonly createdBy?: string
  /** Its name on the target, before pending renames; absent if a pending migration creates it. */
  readonly onTarget?: QualifiedName
  /** The migration that enabled its row-level security; absent if none was seen to. */
  readonly securedBy?: string
  /** Its name as SQL, as the session that read it writes it. */
  readonly sql?: string
  /** It has partitions: many operations that are safe on a plain table are not possible on it. */
  readonly partitioned?: true
  /** It is a partition of another table. */
  readonly partition?: true
  /** It belongs to an extension. */
  readonly ofExtension?: true
  /** The user's triggers that a write to it runs. */
  readonly triggers: readonly string[]
  readonly columns: ReadonlyMap<string, Column>
  readonly constraints: readonly Constraint[]
}

/** A column of a table. */
export interface Column {
  /** Its identity, which a rename does not change. */
  readonly id: number
  /** As the server or the parser prints it: `character varying(255)`. */
  readonly type: string
  readonly notNull: boolean
  /** The migration that added it; absent if that was not seen. */
  readonly addedBy?: string
  /** The enum that is its type, or the type of its elements, on the server that was read. */
  readonly enum?: QualifiedName
  /** What fills it if a row gives no value, and what can be written to it; read on request. */
  readonly filling?: Filling
  /** Which values it accepts; read on request. */
  readonly values?: ValueType
}

/** What fills a column for which a row gives no value. */
export interface Filling {
  /** It or its domain has a default, or it is an identity. */
  readonly hasDefault: boolean
  /** Its type without length or precision, and without a domain: `character varying`, `jsonb[]`. */
  readonly base: string
  /** The server computes it: a row cannot give a value. */
  readonly generated: boolean
  /** GENERATED ALWAYS AS IDENTITY: writing a value needs OVERRIDING SYSTEM VALUE. */
  readonly always: boolean
  /** The sequence that fills it, as SQL. */
  readonly sequence?: string
  /** Its values can be compared with =. */
  readonly comparable: boolean
}

/** Which values a column accepts. */
export interface ValueType {
  /** The type without its domain or array, by PostgreSQL's internal name: `varchar`. */
  readonly base: string
  readonly array: boolean
  /** The server computes it: a row cannot give a value. */
  readonly generated: boolean
  /** Its type, or the domain, allows no NULL. */
  readonly notNull: boolean
  /** Labels of an enum, in their order. */
  readonly labels: readonly string[]
  /** Literals in the checks that name it: what a check allows is often one of them. */
  readonly hints: readonly string[]
  /** Its place in the table, from 1. */
  readonly place: number
  /** The maximum length in characters, or the precision and scale of a number; absent if not limited. */
  readonly length?: number
  readonly precision?: number
  readonly scale?: number
  /** The attributes of a composite type or of the row type of a table. */
  readonly attributes?: readonly Attribute[]
}

/** Which values an attribute accepts. */
export type Attribute = Pick<ValueType, 'base' | 'array' | 'labels' | 'place'> &
  Partial<Pick<ValueType, 'length' | 'precision' | 'scale'>>

/** A constraint of a table. */
export interface Constraint extends Pick<
  ConstraintDefinition,
  'kind' | 'columns' | 'expression' | 'exclusion' | 'nullsEqual'
> {
  readonly name: string
  /** All rows are known to satisfy it. */
  readonly valid: boolean
  /** For a foreign key: the referenced table and columns; without columns, its primary key. */
  readonly references?: { readonly table: QualifiedName; readonly columns: readonly string[] }
  /** For a foreign key: it passes on changes of the referenced table (CASCADE, SET NULL and the like). */
  readonly passesOn?: true
}

/** An index, including one of a constraint. */
export interface Index extends QualifiedName {
  readonly table: QualifiedName
  /** Columns in order; an empty string for an expression. */
  readonly columns: readonly string[]
  readonly unique: boolean
  readonly partial: boolean
  readonly primary?: true
  /** It belongs to an exclusion constraint. */
  readonly excludes?: true
  /** Its build did not finish. */
  readonly invalid?: true
  /** It is checked at the end of a transaction. */
  readonly deferred?: true
}

/** A domain. */
export interface Domain extends QualifiedName {
  /** Its name on the target; absent if a pending migration creates it. */
  readonly onTarget?: QualifiedName
}

/** An enum. */
export interface Enum extends Domain {
  readonly labels: readonly string[]
}

/** A schema without objects. */
export function emptySchema(defaultSchema: string): DatabaseSchema {
  return {
    defaultSchema,
    tables: new Map(),
    indexes: new Map(),
    enums: new Map(),
    domains: new Map(),
    others: new Map(),
    nextId: 1,
  }
}

/** A name as written in a statement or a reference. */
export type Named = { readonly schema?: SchemaRef | undefined; readonly name: string }

/** The reference that a name means: the default schema is `null`, however it is written. */
export function referenceOf(
  { defaultSchema }: Pick<DatabaseSchema, 'defaultSchema'>,
  { schema, name }: Named,
): QualifiedName {
  return { schema: schemaRef(schema, defaultSchema), name }
}

/** The key of an object in the maps of a schema; the same for all names of one object. */
export function keyOf(schema: Pick<DatabaseSchema, 'defaultSchema'>, name: Named): string {
  const reference = referenceOf(schema, name)
  return JSON.stringify([reference.schema, reference.name])
}

/** The name by which a statement finds an object. */
export function objectNameOf({ schema, name }: QualifiedName): ObjectName {
  return schema === null ? { name } : { schema, name }
}

/** A table, if it is known. */
export function tableNamed(schema: DatabaseSchema, name: Named): Table | undefined {
  return schema.tables.get(keyOf(schema, name))
}

/** A column, if it is known. */
export function columnNamed(
  schema: DatabaseSchema,
  table: Named,
  column: string,
): Column | undefined {
  return tableNamed(schema, table)?.columns.get(column)
}

/** The key of a type, given as the parser prints it: `Mood`, `other.Mood[]`. */
export function typeKey(schema: DatabaseSchema, type: string): string {
  const array = type.endsWith('[]')
  const [name = '', inSchema] = (array ? type.slice(0, -2) : type).split('.').toReversed()
  return keyOf(schema, { schema: inSchema, name })
}

/** An enum, if it is known. */
export function enumNamed(schema: DatabaseSchema, name: Named): Enum | undefined {
  return schema.enums.get(keyOf(schema, name))
}

/** The columns of a table's primary key; none if it has no key. */
export function primaryKeyOf({ constraints }: Table): readonly string[] {
  return constraints.find(({ kind }) => kind === 'primary-key')?.columns ?? []
}

/** The indexes of a table. */
export function indexesOf(schema: DatabaseSchema, table: Named): Index[] {
  const key = keyOf(schema, table)
  return [...schema.indexes.values()].filter((index) => keyOf(schema, index.table) === key)
}

/** The indexes that `isMeant` selects, by the keys of their tables, in the order in which they were read. */
export function indexesByTable(
  schema: DatabaseSchema,
  isMeant: (index: Index) => boolean,
): Map<string, Index[]> {
  return Map.groupBy([...schema.indexes.values()].filter(isMeant), ({ table }) =>
    keyOf(schema, table),
  )
}

/** The other tables with a foreign key to this one. */
export function referencingTables(schema: DatabaseSchema, name: Named): Table[] {
  const key = keyOf(schema, name)
  return [...schema.tables]
    .filter(([other, { constraints }]) => {
      return (
        other !== key &&
        constraints.some(({ references }) => references && keyOf(schema, references.table) === key)
      )
    })
    .map(([, table]) => table)
}
