/**
 * The schema of an object: `null` is the default schema of the target, whatever its name there
 * (`?schema=`), and what a name without a schema means in a migration.
 */
export type SchemaRef = string | null

/** An object of a schema, by kind and name. Plain data: it is rendered as text by renderers alone. */
export type ObjectRef =
  /** What belongs to the database as a whole, and schemas themselves. */
  | { readonly kind: 'schema' | 'extension' | 'role' | 'database'; readonly name: string }
  | {
      readonly kind:
        | 'table'
        | 'foreign-table'
        | 'view'
        | 'materialized-view'
        | 'sequence'
        | 'type'
        | 'domain'
        | 'index'
        | 'function'
        | 'other'
      readonly schema: SchemaRef
      readonly name: string
    }
  /** Part of a table. */
  | {
      readonly kind: 'column' | 'constraint' | 'trigger' | 'policy' | 'rule'
      readonly schema: SchemaRef
      readonly table: string
      readonly name: string
    }

/** Data that is destroyed: an object with all that it holds, rows of a table, or values of a column. */
export interface Destruction {
  /** `object`: dropped. `rows`: deleted or truncated. `values`: overwritten or converted. */
  readonly what: 'object' | 'rows' | 'values'
  readonly object: ObjectRef
}
