/** What an expression, a query or a whole statement names. Names are as written, without their quotes. */
export interface SqliteNames {
  /** Tables and views that are read or written. The queries of its own WITH are left out. */
  readonly tables: readonly string[]
  readonly columns: readonly SqliteColumnName[]
  readonly functions: readonly SqliteCall[]
  /** The aliases of its tables and result columns, and the names of its WITH queries. */
  readonly aliases: readonly string[]
}

/** A column as an expression names it. */
export interface SqliteColumnName {
  /** The table or its alias, if it is written. */
  readonly table?: string
  readonly name: string
  /** Where its double quotes begin, if it has any: SQLite may read it as a string if no such column exists. */
  readonly quotedAt?: number
  /** Where the table is written, including the dot after it. */
  readonly tableAt?: { readonly start: number; readonly end: number }
}

/** A call of a function. */
export interface SqliteCall {
  readonly name: string
  readonly args: number
  /** Where its name begins. */
  readonly at: number
}

/** A default of a column. */
export interface SqliteDefault {
  readonly text: string
  readonly at: number
  /**
   * `constant`: ADD COLUMN accepts it. `computed`: CURRENT_TIMESTAMP or an expression, which ADD COLUMN
   * rejects on a table with rows. `quoted`: a string in double quotes.
   */
  readonly kind: 'null' | 'constant' | 'computed' | 'quoted'
}

/** A column of CREATE TABLE or ADD COLUMN. */
export interface SqliteColumn {
  readonly name: string
  /** As written, without GENERATED ALWAYS; empty if there is none. */
  readonly type: string
  readonly notNull: boolean
  /** NOT NULL as written, if it has an ON CONFLICT clause. */
  readonly notNullOnConflict?: string
  readonly primaryKey: boolean
  readonly unique: boolean
  /** Where the UNIQUE constraint is, including its name and clauses. */
  readonly uniqueAt?: { readonly start: number; readonly end: number }
  readonly default?: SqliteDefault
  /** The name after COLLATE, as written. */
  readonly collation?: string
  readonly generated?: {
    readonly kind: 'stored' | 'virtual'
    /** The expression between the parentheses. */
    readonly text: string
    readonly names: SqliteNames
  }
  /** The whole definition as written. */
  readonly text: string
  /** What follows its name. */
  readonly definition: string
}

/** A CHECK of a table or a column. */
export interface SqliteCheck {
  readonly name?: string
  /** The expression between the parentheses. */
  readonly text: string
  readonly names: SqliteNames
  /** The column that it is written with; absent for a table constraint. */
  readonly column?: string
}

/** A PRIMARY KEY or UNIQUE of a table or a column. */
export interface SqliteKey {
  readonly kind: 'primary key' | 'unique'
  readonly columns: readonly string[]
  /** Written as a table constraint, with its name: `UNIQUE (a COLLATE NOCASE)`. */
  readonly text: string
  /** The same without its name. */
  readonly unnamed: string
  /** It has a collation. */
  readonly collated: boolean
  /** It has ON CONFLICT. */
  readonly onConflict: boolean
  /** The column that it is written with; absent for a table constraint. */
  readonly column?: string
}

/** What a foreign key does to its rows when the row that they reference is deleted. */
export type SqliteReaction = 'cascade' | 'set-null' | 'set-default' | 'restrict' | 'no-action'

/** A foreign key of a table or a column. */
export interface SqliteForeignKey {
  readonly columns: readonly string[]
  readonly table: string
  /** Empty if it references the primary key of that table. */
  readonly targets: readonly string[]
  readonly onDelete: SqliteReaction
  /** It is written with its column. */
  readonly ofColumn: boolean
  /** It is checked at the end of a transaction: DEFERRABLE INITIALLY DEFERRED. */
  readonly deferred: boolean
  /** As written, if it is a constraint of its table. */
  readonly text?: string
}

/** A table as CREATE TABLE defines it. */
export interface SqliteTable {
  readonly name: string
  readonly columns: readonly SqliteColumn[]
  readonly primaryKey: readonly string[]
  readonly autoincrement: boolean
  /** UNIQUE constraints, including those of columns. */
  readonly uniques: readonly (readonly string[])[]
  /** PRIMARY KEY and UNIQUE, including those of columns. */
  readonly keys: readonly SqliteKey[]
  readonly checks: readonly SqliteCheck[]
  readonly foreignKeys: readonly SqliteForeignKey[]
  /** The constraints after the columns, as written. */
  readonly constraints: readonly string[]
  readonly strict: boolean
  readonly withoutRowid: boolean
  readonly temporary: boolean
  /** The module of a virtual table, such as `fts5`. Its columns are unknown. */
  readonly module?: string
  /** The statement as written. */
  readonly text: string
}

/** An index as CREATE INDEX defines it. */
export interface SqliteIndex {
  readonly name: string
  readonly table: string
  readonly unique: boolean
  /** Columns in order; an empty string for an expression. */
  readonly columns: readonly string[]
  /** It has a WHERE. */
  readonly partial: boolean
  readonly names: SqliteNames
  readonly text: string
}

/** A trigger. Its names include those of its body. */
export interface SqliteTrigger {
  readonly name: string
  readonly table: string
  readonly event: 'insert' | 'update' | 'delete'
  /** The columns of UPDATE OF. */
  readonly of: readonly string[]
  readonly temporary: boolean
  readonly names: SqliteNames
  readonly text: string
}

/** A view. */
export interface SqliteView {
  readonly name: string
  readonly temporary: boolean
  readonly names: SqliteNames
  readonly text: string
}

/** One column of the result of a query. */
export type SqliteResultColumn =
  | { readonly kind: 'star' }
  | {
      readonly kind: 'value'
      /** The expression, without its alias. */
      readonly text: string
      readonly names: SqliteNames
      /** The column, if the expression is one and nothing else. */
      readonly column?: string
      /** It is never NULL: a constant, or `coalesce` or `ifnull` with a constant as the last argument. */
      readonly neverNull: boolean
    }

/** A query that fills a table. */
export interface SqliteSelect {
  readonly columns: readonly SqliteResultColumn[]
  /** The table, if it reads only one. */
  readonly from?: string
  /** Clauses that may omit or multiply rows: `WHERE`, `JOIN`, `DISTINCT` … */
  readonly limits: readonly string[]
  readonly names: SqliteNames
}

/** How a row that breaks a constraint is treated, as in INSERT OR REPLACE. */
export type SqliteConflict = 'rollback' | 'abort' | 'fail' | 'ignore' | 'replace'

/** A row of VALUES: its position in the text of its statement, and the number of its values. */
export interface SqliteRow {
  readonly start: number
  readonly end: number
  readonly values: number
}

/** Where the rows of an INSERT come from. */
export type SqliteSource =
  | { readonly kind: 'values'; readonly rows: readonly SqliteRow[] }
  | { readonly kind: 'select'; readonly select: SqliteSelect }
  | { readonly kind: 'defaults' }

/** What a statement of SQLite does, with everything that hazard rules need: a closed union. */
export type SqliteDetail =
  | {
      readonly kind: 'create-table'
      readonly table: SqliteTable
      /** Where its name is. */
      readonly nameAt: { readonly start: number; readonly end: number }
      readonly ifNotExists: boolean
      /** Its rows come from a query: it has neither constraints nor defaults. */
      readonly as?: SqliteSelect
    }
  | { readonly kind: 'create-index'; readonly index: SqliteIndex; readonly ifNotExists: boolean }
  | {
      readonly kind: 'create-trigger'
      readonly trigger: SqliteTrigger
      readonly ifNotExists: boolean
    }
  | { readonly kind: 'create-view'; readonly view: SqliteView; readonly ifNotExists: boolean }
  | {
      readonly kind: 'add-column'
      readonly table: string
      readonly column: SqliteColumn
      readonly checks: readonly SqliteCheck[]
      readonly foreignKeys: readonly SqliteForeignKey[]
    }
  | { readonly kind: 'rename-table'; readonly table: string; readonly to: string }
  | {
      readonly kind: 'rename-column'
      readonly table: string
      readonly from: string
      readonly to: string
    }
  | { readonly kind: 'drop-column'; readonly table: string; readonly column: string }
  /** ALTER TABLE of SQLite 3.53 and later: `SET NOT NULL`, `DROP NOT NULL`, `ADD CONSTRAINT`, `DROP CONSTRAINT`. */
  | {
      readonly kind: 'alter-constraint'
      readonly table: string
      readonly change: string
      /** For NOT NULL: its column. */
      readonly column?: string
    }
  | {
      readonly kind: 'drop'
      readonly of: 'table' | 'index' | 'view' | 'trigger'
      readonly name: string
      readonly ifExists: boolean
    }
  | {
      readonly kind: 'insert'
      readonly table: string
      /** Absent if it names no columns: then it fills all, in their order. */
      readonly columns?: readonly string[]
      readonly conflict?: SqliteConflict
      readonly source: SqliteSource
      readonly upsert: boolean
    }
  | {
      readonly kind: 'update' | 'delete'
      readonly table: string
      /** The text of its WHERE. */
      readonly where?: string
      /** It has LIMIT or FROM: it does not affect all rows, whatever its WHERE is. */
      readonly limited: boolean
      readonly conflict?: SqliteConflict
      /** What the new values of an UPDATE name, with the tables after FROM. */
      readonly values?: SqliteNames
    }
  | {
      readonly kind: 'pragma'
      /** In lower case. */
      readonly name: string
      /** As written, without quotes; absent if the setting is only read. */
      readonly value?: string
    }
  | {
      readonly kind: 'transaction'
      readonly verb: 'BEGIN' | 'COMMIT' | 'ROLLBACK' | 'SAVEPOINT' | 'RELEASE' | 'ROLLBACK TO'
    }
  | {
      readonly kind: 'attach' | 'detach' | 'vacuum' | 'reindex' | 'analyze' | 'explain' | 'select'
    }

/** The properties of a statement that Cloudflare D1 limits. */
export interface SqliteMeasures {
  /** The length in UTF-8. */
  readonly bytes: number
  /** SELECTs of the longest UNION, EXCEPT or INTERSECT. */
  readonly compounds: number
  /** Levels of its deepest expression, as SQLite counts them. */
  readonly depth: number
  /** Bytes of the longest constant after LIKE or GLOB. */
  readonly pattern: number
}
