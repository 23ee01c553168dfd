/** An object's name as written in a statement; without a schema, the search path decides. */
export interface ObjectName {
  readonly schema?: string
  readonly name: string
}

/** What a default costs the server when it adds the column: nothing, or a computation for each row. */
export type Default =
  /**
   * One value for all rows: a constant, or a function whose value is the same throughout a statement
   * (`now()`).
   */
  | { readonly kind: 'constant' }
  /** A function that may give a different value for each row, by its name: `gen_random_uuid`. */
  | { readonly kind: 'volatile'; readonly function: string }

/** The definition of a column. */
export interface ColumnDefinition {
  readonly name: string
  /** As the server prints it: `character varying(255)`, or `other.mood` if the type is in a named schema. */
  readonly type: string
  readonly notNull: boolean
  readonly default?: Default
  /** `serial` and `identity` take values from a sequence; `stored` computes them from other columns. */
  readonly filledBy?: 'serial' | 'identity' | 'stored' | 'virtual'
  /** It has a COLLATE clause. */
  readonly collated?: true
  /** The constraints written with the column, except NOT NULL. */
  readonly constraints: readonly ConstraintDefinition[]
}

/** The definition of a constraint. */
export interface ConstraintDefinition {
  readonly kind: 'primary-key' | 'unique' | 'foreign-key' | 'check' | 'exclusion' | 'not-null'
  readonly name?: string
  readonly columns: readonly string[]
  /** NOT VALID: PostgreSQL does not check existing rows. */
  readonly notValid: boolean
  /** The existing index that it adopts (USING INDEX). */
  readonly usingIndex?: string
  /** For a foreign key: the referenced table and columns; without columns, its primary key. */
  readonly references?: { readonly table: ObjectName; readonly columns: readonly string[] }
  /** For a check: the SQL between the parentheses. */
  readonly expression?: string
  /** For a check: it does not apply to child tables (NO INHERIT). */
  readonly noInherit?: true
  /** For a unique constraint: it has NULLS NOT DISTINCT. */
  readonly nullsEqual?: true
  /** Present if it does not compare value by value: ranges (PERIOD, WITHOUT OVERLAPS), or MATCH FULL. */
  readonly compares?: 'periods' | 'all-or-none'
  /** For an exclusion constraint: everything after EXCLUDE, as written. */
  readonly exclusion?: string
}

/** Rows that a statement writes out as VALUES. */
export interface InsertedRows {
  readonly columns: readonly string[]
  /** The text of the constant in each row and column; undefined for NULL and for an expression. */
  readonly rows: readonly (readonly (string | undefined)[])[]
}

/** A copy of one table's rows into another: INSERT INTO … SELECT … FROM. */
export interface RowCopy {
  readonly from: ObjectName
  /** It may omit or merge rows: it has a condition, a limit, DISTINCT or GROUP BY. */
  readonly filtered: boolean
  /** The columns that are written; absent if they are all that can be, in their order. */
  readonly to?: readonly string[]
  /** What is written to them, in this order; absent if that is each column of `from`, in its order. */
  readonly values?: readonly CopiedValue[]
}

/** What a row copy writes to a column. */
export interface CopiedValue {
  /** The only column that the value is computed from; absent if there are none or several. */
  readonly from?: string
  /** The value is that column unchanged; no expression is applied to it. */
  readonly exact: boolean
}

/** A rename. */
export type RenameAction = {
  readonly kind: 'rename'
  readonly from: string
  readonly to: string
} & (
  | {
      readonly of: 'table' | 'view' | 'type' | 'index' | 'sequence' | 'schema' | 'other'
      readonly schema?: string
    }
  | { readonly of: 'column' | 'constraint' | 'trigger' | 'policy'; readonly table: ObjectName }
  | { readonly of: 'enum-value' | 'attribute'; readonly type: ObjectName }
)

/** A move to another schema by SET SCHEMA. */
export interface MoveAction {
  readonly kind: 'set-schema'
  readonly of:
    | 'table'
    | 'foreign-table'
    | 'view'
    | 'materialized-view'
    | 'sequence'
    | 'type'
    | 'domain'
    | 'other'
  readonly object: ObjectName
  /** The new schema. */
  readonly to: string
}

/** A change of one table by ALTER TABLE. */
export type TableAction = { readonly table: ObjectName } & (
  | {
      readonly kind: 'add-column'
      readonly column: ColumnDefinition
      readonly ifNotExists: boolean
    }
  | { readonly kind: 'drop-column'; readonly column: string; readonly cascade: boolean }
  | {
      readonly kind: 'change-type'
      readonly column: string
      readonly type: string
      /** The SQL after USING. */
      readonly using?: string
      /** If USING only casts the column: the types that it is cast to, in order. */
      readonly casts?: readonly string[]
      /** It has a COLLATE clause, which changes the sort order of values. */
      readonly collated?: true
    }
  | {
      readonly kind: 'set-not-null' | 'drop-not-null' | 'set-default' | 'drop-default'
      readonly column: string
    }
  | { readonly kind: 'add-constraint'; readonly constraint: ConstraintDefinition }
  | { readonly kind: 'drop-constraint' | 'validate-constraint'; readonly name: string }
  | { readonly kind: 'row-security'; readonly enabled: boolean }
  | {
      readonly kind: 'attach-partition' | 'detach-partition'
      readonly partition: ObjectName
      readonly concurrently: boolean
    }
  /** Any other subcommand, by PostgreSQL's name for it: `AT_SetStatistics`. */
  | {
      readonly kind: 'alter-table'
      readonly subcommand: string
      /** The column of `AT_DropIdentity`. */
      readonly column?: string
    }
)

/**
 * What a statement does, as far as Slipway judges it: a closed union over PostgreSQL's grammar. A statement
 * can do several things (`ALTER TABLE a ADD …, DROP …`).
 */
export type Action =
  | TableAction
  | RenameAction
  | MoveAction
  | {
      readonly kind: 'create-table'
      readonly table: ObjectName
      readonly columns: readonly ColumnDefinition[]
      readonly constraints: readonly ConstraintDefinition[]
      readonly ifNotExists: boolean
      /** Its rows come from a query (CREATE TABLE AS). */
      readonly filled: boolean
      readonly partitionOf?: ObjectName
    }
  | {
      readonly kind: 'create-view'
      readonly view: ObjectName
      readonly materialized: boolean
      readonly ifNotExists?: true
    }
  | {
      readonly kind: 'drop'
      readonly of:
        | 'table'
        | 'view'
        | 'materialized-view'
        | 'type'
        | 'schema'
        | 'sequence'
        | 'function'
        | 'extension'
        | 'other'
      readonly object: ObjectName
      readonly cascade: boolean
      readonly ifExists: boolean
    }
  | {
      readonly kind: 'drop-on-table'
      readonly of: 'trigger' | 'policy' | 'rule'
      readonly table: ObjectName
      readonly name: string
    }
  | {
      readonly kind: 'create-index'
      readonly table: ObjectName
      readonly name?: string
      readonly unique: boolean
      readonly concurrently: boolean
      readonly ifNotExists: boolean
      readonly method: string
      /** Columns in order; an empty string for an expression. */
      readonly columns: readonly string[]
      /** For an index with expressions: the SQL of each key as written, without its sort order. */
      readonly keys?: readonly string[]
      /** The collation that each key names; an empty name for none. Absent if no key names one. */
      readonly collations?: readonly ObjectName[]
      /** The functions that its expressions call, without their schemas. */
      readonly calls?: readonly string[]
      /** The condition of a partial index. */
      readonly where?: string
      /** It has NULLS NOT DISTINCT. */
      readonly nullsEqual: boolean
    }
  | {
      readonly kind: 'drop-index'
      readonly index: ObjectName
      readonly concurrently: boolean
      readonly ifExists: boolean
    }
  | { readonly kind: 'reindex'; readonly concurrently: boolean; readonly object?: ObjectName }
  | { readonly kind: 'create-enum'; readonly type: ObjectName; readonly values: readonly string[] }
  | {
      readonly kind: 'add-enum-value'
      readonly type: ObjectName
      readonly value: string
      readonly ifNotExists: boolean
    }
  | {
      readonly kind: 'add-domain-constraint'
      readonly domain: ObjectName
      readonly notValid: boolean
    }
  | {
      readonly kind: 'set-domain-not-null' | 'validate-domain-constraint'
      readonly domain: ObjectName
    }
  | { readonly kind: 'create-trigger'; readonly table: ObjectName; readonly name: string }
  | { readonly kind: 'create-policy'; readonly table: ObjectName; readonly name: string }
  | { readonly kind: 'grant'; readonly toPublic: boolean; readonly of: string }
  | {
      readonly kind: 'insert'
      readonly table: ObjectName
      /** Absent if the rows are not written as VALUES, or may already exist (ON CONFLICT). */
      readonly inserted?: InsertedRows
      /** Present if the rows are read from one other table; only known for SQLite. */
      readonly copies?: RowCopy
      /** It has ON CONFLICT DO UPDATE: existing rows may change. */
      readonly updates?: true
      /** The columns that ON CONFLICT DO UPDATE sets; known on SQLite alone. */
      readonly assigns?: readonly string[]
      /** It begins with WITH, and what its queries call is unknown. */
      readonly hasWith?: true
    }
  | {
      readonly kind: 'update'
      readonly table: ObjectName
      readonly where?: string
      readonly touches?: string
      readonly with?: string
      readonly hasWith?: true
      readonly columns: readonly string[]
      /** For a MERGE: the number of its WHEN clauses that do this; absent if there is only one. */
      readonly clauses?: number
    }
  | {
      readonly kind: 'delete'
      readonly table: ObjectName
      readonly where?: string
      /**
       * The rows that it affects, as the text after SELECT … FROM, where the table's columns need no prefix.
       * Absent if the statement cannot be rewritten as a SELECT (a WITH query that changes rows, CURRENT OF).
       */
      readonly touches?: string
      /** The WITH clause of that SELECT. */
      readonly with?: string
      readonly hasWith?: true
      /** As for an UPDATE. */
      readonly clauses?: number
    }
  | { readonly kind: 'truncate'; readonly tables: readonly ObjectName[]; readonly cascade: boolean }
  | { readonly kind: 'vacuum'; readonly full: boolean; readonly table?: ObjectName }
  | { readonly kind: 'cluster'; readonly table?: ObjectName }
  | {
      readonly kind: 'lock-table'
      readonly tables: readonly ObjectName[]
      /** As PostgreSQL's documentation names it: `SHARE ROW EXCLUSIVE`. */
      readonly mode: string
    }
  | { readonly kind: 'refresh-view'; readonly view: ObjectName; readonly concurrently: boolean }
  /** ALTER SEQUENCE … RESTART. */
  | { readonly kind: 'restart-sequence'; readonly sequence: ObjectName }
  /** Sets or reads a setting of SQLite; the name is in lower case. */
  | { readonly kind: 'pragma'; readonly name: string; readonly value?: string }
  /**
   * SET and RESET. Without a value, the setting returns to the session's initial value; `*` means all
   * settings.
   */
  | { readonly kind: 'set'; readonly setting: string; readonly value?: string }
  | {
      readonly kind: 'create-extension'
      readonly name: string
      readonly schema?: string
      readonly version?: string
      readonly cascade: boolean
    }
  | { readonly kind: 'drop-owned' }
  | { readonly kind: 'drop-database'; readonly name: string }
  /** Code whose effect is known only when it runs: DO, CALL, a SELECT that calls a function. */
  | {
      readonly kind: 'opaque'
      /** It has effects outside the transaction, through dblink or a program. */
      readonly outside?: true
      /** For a SELECT: the functions that it calls, without their schemas. */
      readonly calls?: readonly string[]
      /** For a DO block: the words of its code in upper case. */
      readonly words?: readonly string[]
    }
  /**
   * Anything else, by PostgreSQL's name of the statement: `CommentStmt`. For COMMENT and ALTER, `of` is its
   * name of the kind of object.
   */
  | { readonly kind: 'other'; readonly statement: string; readonly of?: string }

/**
 * PostgreSQL's table locks, from the weakest to the strongest: the server numbers them in this order, from 1.
 * Source: "Table-Level Locks" in its documentation.
 */
export const LOCK_MODES = [
  'ACCESS SHARE',
  'ROW SHARE',
  'ROW EXCLUSIVE',
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
] as const
