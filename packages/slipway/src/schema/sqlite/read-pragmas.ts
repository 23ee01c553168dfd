import type { Row, Session } from '../../database/index.ts'
import { isProjectsSql, lookUpName, projectTablesSql } from './project-objects.ts'

/** A table: `wr` is 1 without rowid. */
export interface TableRow extends Row {
  readonly name: string
  readonly sql: string
  readonly type: 'table' | 'virtual'
  readonly wr: number
}

/** A column: `key` is its place in the primary key from 1, `hidden` 2 or 3 if it is generated. */
export interface ColumnRow extends Row {
  readonly table: string
  readonly name: string
  readonly type: string
  readonly notNull: number
  readonly fallback: string | null
  readonly key: number
  readonly hidden: number
  readonly place: number
}

/** One column of a foreign key. */
export interface ForeignKeyRow extends Row {
  readonly table: string
  readonly id: number
  readonly column: string
  readonly target: string
  /** NULL if the key references the primary key without naming it. */
  readonly targetColumn: string | null
  readonly onDelete: string
  readonly onUpdate: string
}

/** An index: `origin` is `c` for CREATE INDEX, `u` for UNIQUE, `pk` for PRIMARY KEY. */
export interface IndexRow extends Row {
  readonly table: string
  readonly name: string
  readonly isUnique: number
  readonly origin: 'c' | 'u' | 'pk'
  readonly partial: number
}

/** What SQLite reports about the tables of a project, in the order of their names. */
export interface SqlitePragmas {
  readonly tables: readonly TableRow[]
  readonly columns: readonly ColumnRow[]
  readonly foreignKeys: readonly ForeignKeyRow[]
  readonly indexes: readonly IndexRow[]
  /** Columns of indexes in their order; an expression has no name. */
  readonly indexColumns: readonly (Row & {
    readonly index: string
    readonly column: string | null
  })[]
  readonly triggers: readonly (Row & { readonly table: string; readonly name: string })[]
}

/** Reads them with SQLite's pragma functions. Source: sqlite.org/pragma.html#pragfunc. */
export async function readPragmas(session: Session): Promise<SqlitePragmas> {
  const [target, triggered] = [lookUpName('f."table"'), lookUpName('s.tbl_name')]
  const withTables = `WITH t AS (${projectTablesSql(session)})`
  return {
    tables: await session.query<TableRow>(
      `${withTables} SELECT name, sql, type, wr FROM t ORDER BY name`,
    ),
    columns: await session.query<ColumnRow>(`${withTables}
      SELECT t.name AS "table", x.name, x.type, x."notnull" AS "notNull", x.dflt_value AS fallback,
        x.pk AS key, x.hidden, x.cid AS place
      FROM t JOIN pragma_table_xinfo(t.name) x WHERE x.hidden <> 1 ORDER BY t.name, x.cid`),
    foreignKeys: await session.query<ForeignKeyRow>(`${withTables}
      SELECT t.name AS "table", f.id, f."from" AS "column", ${target.name} AS target,
        f."to" AS "targetColumn", f.on_delete AS "onDelete", f.on_update AS "onUpdate"
      FROM t JOIN pragma_foreign_key_list(t.name) f ${target.join}
      ORDER BY t.name, f.id, f.seq`),
    indexes: await session.query<IndexRow>(`${withTables}
      SELECT t.name AS "table", i.name, i."unique" AS "isUnique", i.origin, i.partial
      FROM t JOIN pragma_index_list(t.name) i ORDER BY t.name, i.seq DESC`),
    indexColumns: await session.query(`${withTables}
      SELECT i.name AS "index", x.name AS "column"
      FROM t JOIN pragma_index_list(t.name) i JOIN pragma_index_xinfo(i.name) x
      WHERE x.key = 1 ORDER BY i.name, x.seqno`),
    triggers: await session.query(`
      SELECT ${triggered.name} AS "table", s.name FROM sqlite_schema s ${triggered.join}
      WHERE s.type = 'trigger' AND ${isProjectsSql(session, 's.name')} ORDER BY s.rowid`),
  }
}
