/** A value of a row. An object is a JSON document or, at a foreign key, the natural key of another row. */
export type SeedValue =
  | null
  | undefined
  | string
  | number
  | bigint
  | boolean
  | Date
  | Uint8Array
  | readonly SeedValue[]
  | { readonly [name: string]: SeedValue }

/**
 * A row by the names of its fields or columns. A field that is omitted, or undefined, gets its default in a
 * new row and does not change in an existing one.
 */
export type SeedRow = Readonly<Record<string, SeedValue>>

/**
 * Rows as a list, a stream, or a function that returns either. Streams are never held in memory as a whole.
 */
export type SeedRows<Row> =
  | Iterable<Row>
  | AsyncIterable<Row>
  | (() => Iterable<Row> | AsyncIterable<Row> | Promise<Iterable<Row> | AsyncIterable<Row>>)

/**
 * What a set does with existing rows of a table: `insert-missing` leaves them unchanged, `upsert` makes them
 * equal, `own` also deletes rows that it inserted earlier and no longer contains.
 */
export type OwnerMode = 'insert-missing' | 'upsert' | 'own'

/** The rows of one table of a set, and how they are written. */
export interface SeedTable<Row extends object = SeedRow> {
  /**
   * The natural key: fields that identify a row in every database.
   *
   * @minItems 1
   * @title a list of at least one field
   */
  readonly key: readonly (keyof Row & string)[]
  /** `upsert` if absent. */
  readonly mode?: OwnerMode
  /** Fields whose values are never shown. */
  readonly sensitive?: readonly (keyof Row & string)[]
  /**
   * Other tables whose rows may be deleted or changed together with rows that the set no longer contains,
   * through foreign keys or triggers; only for `own`. Without it, such a run is refused.
   */
  readonly cascade?: readonly string[]
  /** Rows, or the name of a file next to the set: CSV, JSON, NDJSON, or SQL that returns them. */
  readonly rows: SeedRows<Row> | string
}

/** A seed set: tables with their rows, as the default export of a file in `prisma/seeds`. */
export interface SeedDefinition<Tables extends Record<string, object> = Record<string, SeedRow>> {
  /**
   * Increase it with each change that databases should get.
   *
   * @asType integer
   * @minimum 1
   * @maximum 2147483647
   * @title a whole number from 1 to 2147483647
   */
  readonly version: number
  /** Environments that it belongs to; `development` and `testing` if absent. */
  readonly environments?: readonly string[]
  /** Sets that must run before this one. */
  readonly dependsOn?: readonly string[]
  /** The tables, by model or table name. */
  readonly tables: { readonly [Name in keyof Tables]: SeedTable<Tables[Name]> }
}

/** The file `set.json` of a set that is a folder. */
export interface SeedSetFile extends Omit<SeedDefinition, 'tables'> {
  /**
   * The tables, by model or table name.
   *
   * @minProperties 1
   * @title an object with at least one table
   */
  readonly tables: Readonly<Record<string, SeedSetFileTable>>
}

/** The part of `set.json` about one table. */
interface SeedSetFileTable extends Omit<SeedTable, 'rows'> {
  /** Rows, or the name of a file next to the set; `<table>.csv` or similar if absent. */
  readonly rows?: readonly Readonly<Record<string, unknown>>[] | string
}

/** The natural key of another row, instead of its id. */
export interface SeedReference {
  readonly [field: string]: string | number | bigint | boolean | Date | SeedReference
}

/** A row with the type of a model, in which the natural key of another row can replace an id. */
export type SeedRowOf<Row extends object> = {
  readonly [Field in keyof Row]:
    | Row[Field]
    | (NonNullable<Row[Field]> extends string | number | bigint ? SeedReference : never)
}

type SeedRowsOf<Tables extends Record<string, object>> = {
  readonly [Name in keyof Tables]: SeedRowOf<Tables[Name]>
}

/** Types a seed set. Returns its argument. */
export function defineSeed(definition: SeedDefinition): SeedDefinition
/** Types a seed set by models: `defineSeed<{ Carrier: Prisma.CarrierUncheckedCreateInput }>({ … })`. */
export function defineSeed<Tables extends Record<string, object>>(
  definition: SeedDefinition<SeedRowsOf<NoInfer<Tables>>>,
): SeedDefinition<SeedRowsOf<Tables>>
export function defineSeed<Definition>(definition: Definition): Definition {
  return definition
}

/** A seed set of the project. */
export interface SeedSet {
  readonly name: string
  /** The file that defines it. */
  readonly file: string
  readonly version: number
  readonly environments: readonly string[]
  readonly dependsOn: readonly string[]
  /** SHA-256 of its files and, if it is code, of the helpers next to the sets. */
  readonly checksum: string
  readonly tables: readonly SeedSetTable[]
}

/** A table of a set; names are as written in the set. */
export interface SeedSetTable {
  readonly name: string
  readonly key: readonly string[]
  readonly mode: OwnerMode
  readonly sensitive: readonly string[]
  readonly rows: SeedRows<SeedRow> | { readonly file: string }
  /** Tables whose rows may be deleted or changed together with rows that the set no longer contains. */
  readonly cascade?: readonly string[]
  /** The form of its values, if it does not follow from the file. */
  readonly form?: 'texts'
}
