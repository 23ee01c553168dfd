/** A name of an object as a statement writes it; without a schema it is found by the search path. */
export interface ObjectName {
  readonly schema?: string
  readonly name: string
}

/** What a default is worth to a server that adds the column: nothing to compute, or something for each row. */
export type Default =
  /** One value for all rows: a constant, or a function that gives the same throughout a statement (`now()`). */
  | { readonly kind: 'constant' }
  /** A function that may give another value for each row, by its name: `gen_random_uuid`. */
  | { readonly kind: 'volatile'; readonly function: string }

/** A column as it is defined. */
export interface ColumnDefinition {
  readonly name: string
  /** As the server prints it: `character varying(255)`; of a type with a schema, `other.mood`. */
  readonly type: string
  readonly notNull: boolean
  readonly default?: Default
  /** `serial` and `identity` take values from a sequence; `stored` computes them from other columns. */
  readonly filledBy?: 'serial' | 'identity' | 'stored' | 'virtual'
  /** With COLLATE. */
  readonly collated?: true
  /** The constraints written with the column, but NOT NULL. */
  readonly constraints: readonly ConstraintDefinition[]
}

/** A constraint as it is defined. */
export interface ConstraintDefinition {
  readonly kind: 'primary-key' | 'unique' | 'foreign-key' | 'check' | 'exclusion' | 'not-null'
  readonly name?: string
  readonly columns: readonly string[]
  /** NOT VALID: PostgreSQL does not check existing rows. */
  readonly notValid: boolean
  /** The index it takes over, with USING INDEX. */
  readonly usingIndex?: string
  /** Of a foreign key. Without columns it is the primary key. */
  readonly references?: { readonly table: ObjectName; readonly columns: readonly string[] }
  /** Of a check: the SQL between the parentheses. */
  readonly expression?: string
  /** Of a unique constraint: with NULLS NOT DISTINCT. */
  readonly nullsEqual?: true
  /** It compares ranges of time (PERIOD, WITHOUT OVERLAPS), or by MATCH FULL: not value by value. */
  readonly compares?: 'periods' | 'all-or-none'
  /** Of an exclusion: everything after EXCLUDE, as written. */
  readonly exclusion?: string
}

/** Rows as a statement writes them out. */
export interface InsertedRows {
  readonly columns: readonly string[]
  /** For each row and column the text of its constant; nothing if it is NULL or an expression. */
  readonly rows: readonly (readonly (string | undefined)[])[]
}

/** The rows of one table as a statement copies them into another: INSERT INTO … SELECT … FROM. */
export interface RowCopy {
  readonly from: ObjectName
  /** It may leave rows out, or join them: it has a condition, a limit, DISTINCT or GROUP BY. */
  readonly filtered: boolean
  /** What goes into each column; absent if columns are copied by their place. */
  readonly columns?: readonly CopiedColumn[]
}

/** What a copy of rows writes into a column. */
export interface CopiedColumn {
  readonly to: string
  /** The only column that its value is made of; absent if there is none, or several. */
  readonly from?: string
  /** The value is that column as it is; no expression changes it. */
  readonly exact: boolean
}

/** A change of a name. */
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
  /** The schema. */
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
      /** Where USING only casts the column: the types that it is cast to, in order. */
      readonly casts?: readonly string[]
      /** With COLLATE: values are sorted otherwise. */
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
 * What a statement does, as far as it is judged: a closed union over PostgreSQL's grammar. A
 * statement can do several things (`ALTER TABLE a ADD …, DROP …`).
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
      /** It takes its rows from a query. */
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
      /** Columns in order; an expression is empty text. */
      readonly columns: readonly string[]
      /** Of an index with expressions: the SQL of each key as written, without its order. */
      readonly keys?: readonly string[]
      /** The functions that its expressions call, without their schemas. */
      readonly calls?: readonly string[]
      /** It has a WHERE: not all rows are in it. */
      readonly where?: string
      /** With NULLS NOT DISTINCT. */
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
      /** Absent if the rows are not written out, or need not be new (ON CONFLICT). */
      readonly inserted?: InsertedRows
      /** Of rows that are read from one other table; known on SQLite alone. */
      readonly copies?: RowCopy
      /** With ON CONFLICT DO UPDATE: existing rows may change. */
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
      /** Of a MERGE, how many of its WHEN clauses do so; absent if it is one. */
      readonly clauses?: number
    }
  | {
      readonly kind: 'delete'
      readonly table: ObjectName
      readonly where?: string
      /**
       * The rows it touches, as what follows SELECT … FROM; the columns of its table need no prefix there.
       * Absent if the statement cannot be turned into one (WITH that changes rows, CURRENT OF).
       */
      readonly touches?: string
      /** The WITH clause before that SELECT. */
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
  /** A setting of SQLite, or a question about one; the name in small letters. */
  | { readonly kind: 'pragma'; readonly name: string; readonly value?: string }
  /** SET and RESET. Without a value it is the one that the session began with; `*` is every setting. */
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
  /** Code that only its run shows: DO, CALL, a SELECT of a function. */
  | {
      readonly kind: 'opaque'
      /** It works outside of the transaction: dblink, a program. */
      readonly outside?: true
      /** Of a SELECT: the functions that it calls, without their schemas. */
      readonly calls?: readonly string[]
      /** Of a DO: the words of its code in upper case. */
      readonly words?: readonly string[]
    }
  /** Anything else, by PostgreSQL's name of the statement: `CommentStmt`; of a comment and of an ALTER also that of the kind of object. */
  | { readonly kind: 'other'; readonly statement: string; readonly of?: string }

/** PostgreSQL's table locks, from the weakest to the strongest, in the order of the server's numbers from 1. Source: "Table-Level Locks" in its documentation. */
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
