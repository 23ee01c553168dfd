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

/** A row by the names of its fields or columns; what is not named is left to the database. */
export type SeedRow = Readonly<Record<string, SeedValue>>

/** Rows as they are, as they come, or as a function makes them. Nothing is held whole that comes by itself. */
export type SeedRows<Row> =
  | Iterable<Row>
  | AsyncIterable<Row>
  | (() => Iterable<Row> | AsyncIterable<Row> | Promise<Iterable<Row>>)

/**
 * What a set does with existing rows of a table: `insert-missing` leaves them unchanged, `upsert` makes them
 * equal, `own` also deletes rows that it inserted earlier and no longer contains.
 */
export type OwnerMode = 'insert-missing' | 'upsert' | 'own'

/** What a set says of one table. */
export interface SeedTable<Row extends object = SeedRow> {
  /**
   * The natural key: fields by which a row is the same row in every database.
   *
   * @minItems 1
   * @title a list of at least one field
   */
  readonly key: readonly (keyof Row & string)[]
  /** `upsert` if absent. */
  readonly mode?: OwnerMode
  /** Fields whose values are never shown. */
  readonly sensitive?: readonly (keyof Row & string)[]
  /** Rows, or the name of a file beside the set: CSV, JSON, NDJSON, or SQL that gives them. */
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
  /** Sets that must have run before. */
  readonly dependsOn?: readonly string[]
  /** By model or table. */
  readonly tables: { readonly [Name in keyof Tables]: SeedTable<Tables[Name]> }
}

/** The file `set.json` of a set that is a folder. */
export interface SeedSetFile extends Omit<SeedDefinition, 'tables'> {
  /**
   * By model or table.
   *
   * @minProperties 1
   * @title an object with at least one table
   */
  readonly tables: Readonly<Record<string, SeedSetFileTable>>
}

/** What `set.json` says of one table. */
interface SeedSetFileTable extends Omit<SeedTable, 'rows'> {
  /** Rows, or the name of a file beside the set; `<table>.csv` or the like if absent. */
  readonly rows?: readonly Readonly<Record<string, unknown>>[] | string
}

/** Gives a seed set its types; `defineSeed<{ Carrier: Prisma.CarrierUncheckedCreateInput }>({ … })` those of a model. Returns what it is given. */
export function defineSeed<Tables extends Record<string, object> = Record<string, SeedRow>>(
  definition: SeedDefinition<Tables>,
): SeedDefinition<Tables> {
  return definition
}

/** A set as it was found in the project. */
export interface SeedSet {
  readonly name: string
  /** The file that defines it. */
  readonly file: string
  readonly version: number
  readonly environments: readonly string[]
  readonly dependsOn: readonly string[]
  /** SHA-256 of its files, and of the helpers beside the sets. */
  readonly checksum: string
  readonly tables: readonly SeedSetTable[]
}

/** A table of a set; names as the set writes them. */
export interface SeedSetTable {
  readonly name: string
  readonly key: readonly string[]
  readonly mode: OwnerMode
  readonly sensitive: readonly string[]
  readonly rows: SeedRows<SeedRow> | { readonly file: string }
}
