import { quoteText, type Session } from '../../database/index.ts'
import {
  type Affinity,
  affinityOf,
  isSameName,
  readSqliteForeignKeys,
  readSqliteState,
  type SqliteForeignKey,
  type SqliteState,
} from '../../schema/index.ts'
import {
  loadSqliteParser,
  sqliteCheckedValues,
  sqliteTextIndex,
  sqliteVirtualTable,
} from '../../statements/index.ts'

/** What generated rows must know about a column. */
export interface SqliteColumn {
  readonly name: string
  /** The declared type, in capitals. */
  readonly type: string
  readonly affinity: Affinity
  readonly notNull: boolean
  /** Its position in the table, from 1. */
  readonly place: number
  /** All values that a check allows, as SQL; empty if there is no such list. */
  readonly labels: readonly string[]
  /** Values that checks compare it with, as SQL. */
  readonly hints: readonly string[]
}

/** A foreign key: `columns` have the values of `referenced` in `table`. */
export interface SqliteReference {
  readonly columns: readonly string[]
  readonly table: string
  readonly referenced: readonly string[]
}

/** What generated rows must know about a table, without generated columns. */
export interface SqliteShape {
  readonly name: string
  readonly columns: readonly SqliteColumn[]
  readonly primaryKey: readonly string[]
  /** Columns of unique indexes, including those of the primary key. */
  readonly unique: readonly string[]
  readonly references: readonly SqliteReference[]
  /** Whether it is STRICT: it accepts no values of another type. */
  readonly strict: boolean
  /** The module of a virtual table, and whether it indexes the rows of another one. */
  readonly virtual?: { readonly module: string; readonly indexes: boolean }
}

/** Reads the tables of a project, including virtual ones. */
export async function readSqliteShapes(
  session: Session,
  state?: SqliteState,
): Promise<SqliteShape[]> {
  await loadSqliteParser()
  const { objects } = state ?? (await readSqliteState(session))
  const shapes: SqliteShape[] = []
  const keys = await readSqliteForeignKeys(session)
  for (const object of objects) {
    if (object.kind !== 'table') continue
    const indexes = objects.filter((one) => one.kind === 'index' && one.table === object.name)
    const own = keys.filter(({ table }) => table === object.name)
    shapes.push(await readShapeOf(session, object, { indexes, references: own.map(referenceOf) }))
  }
  return shapes
}

function referenceOf({ parent, columns, referenced }: SqliteForeignKey): SqliteReference {
  return { table: parent, columns, referenced }
}

interface Defined {
  readonly name: string
  readonly sql: string
}

async function readShapeOf(
  session: Session,
  { name, sql }: Defined,
  {
    indexes,
    references,
  }: {
    readonly indexes: readonly Defined[]
    readonly references: readonly SqliteReference[]
  },
): Promise<SqliteShape> {
  const checked = [sql, ...indexes.map((one) => one.sql)].flatMap(sqliteCheckedValues)
  const rows = await session.query<ColumnRow>(
    `SELECT name, upper(type) AS type, "notnull" AS "notNull", pk FROM pragma_table_xinfo(${quoteText(name)})
     WHERE hidden = 0 ORDER BY cid`,
  )
  const [facts] = await session.query<{ strict: number }>(
    `SELECT strict FROM pragma_table_list WHERE schema = 'main' AND name = ${quoteText(name)}`,
  )
  const primaryKey = rows.filter(({ pk }) => pk > 0).toSorted((a, b) => a.pk - b.pk)
  const virtual = sqliteVirtualTable(sql)
  return {
    name,
    columns: rows.map((row, index) => columnOf(row, index + 1, checked)),
    primaryKey: primaryKey.map((one) => one.name),
    unique: await readUnique(session, name, primaryKey),
    references,
    strict: facts?.strict === 1,
    ...(virtual
      ? { virtual: { module: virtual.module, indexes: sqliteTextIndex(sql) !== undefined } }
      : {}),
  }
}

interface ColumnRow {
  readonly [key: string]: unknown
  readonly name: string
  readonly type: string
  readonly notNull: number
  readonly pk: number
}

function columnOf(
  { name, type, notNull }: ColumnRow,
  place: number,
  checked: ReturnType<typeof sqliteCheckedValues>,
): SqliteColumn {
  const own = checked.filter((one) => isSameName(one.column, name))
  return {
    name,
    type,
    affinity: affinityOf(type),
    notNull: notNull === 1,
    place,
    labels: own.find(({ all }) => all)?.values ?? [],
    hints: own.flatMap(({ values }) => values),
  }
}

async function readUnique(
  session: Session,
  table: string,
  primaryKey: readonly ColumnRow[],
): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT DISTINCT x.name FROM pragma_index_list(${quoteText(table)}) i JOIN pragma_index_xinfo(i.name) x
     WHERE i."unique" = 1 AND x.key = 1 AND x.name IS NOT NULL`,
  )
  return [...new Set([...primaryKey, ...rows].map(({ name }) => name))]
}
