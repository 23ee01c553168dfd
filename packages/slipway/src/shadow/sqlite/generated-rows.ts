import { quoteIdentifier, quoteText, type Session } from '../../database/index.ts'
import { attempt } from '../../kernel/index.ts'
import { isSameName } from '../../schema/index.ts'
import { type ComparedValues, rebuildOfTextIndex } from '../../statements/index.ts'
import type { Filling, RowStyle } from '../filling.ts'
import { type SqliteValueStyle, sqliteValueOf } from './generated-values.ts'
import {
  readSqliteShapes,
  type SqliteColumn,
  type SqliteReference,
  type SqliteShape,
} from './shape.ts'

const ROWS = 6
/** The most additional rows, with values that a migration looks for. */
const COMPARED_ROWS = 12

/** How to fill the tables of a shadow database. */
export interface SqliteFillingOptions {
  readonly style: RowStyle
  /** Values that a migration looks for, as SQL. */
  readonly compared?: readonly ComparedValues[]
  /** Tables that get no rows. */
  readonly without?: readonly string[]
}

/**
 * Fills the tables of a SQLite database with a few rows each, on which a migration will run: with values that type
 * conversions change, NULL where it is allowed and duplicates where they are allowed, or with plain values. Children
 * refer to parents. If a constraint or a trigger refuses a row, it is tried again with plainer values, and omitted if
 * those are refused, too. Triggers fire. The result names the tables without rows.
 */
export async function fillSqliteTables(
  session: Session,
  { style, compared = [], without = [] }: SqliteFillingOptions,
): Promise<Filling> {
  const shapes = await readSqliteShapes(session)
  if (style !== 'none') {
    const wanted = parentsFirst(shapes.filter(({ name }) => !without.includes(name)))
    const filler: Filler = {
      session,
      style,
      compared,
      without,
      shapes: new Map(shapes.map((shape) => [shape.name, shape])),
      rows: new Map(),
      referenced: referencedColumns(shapes),
    }
    await session.execute('PRAGMA foreign_keys = OFF')
    for (const shape of wanted) await fillTable(filler, shape)
    await dropOrphans(session, shapes)
    await indexContents(session, wanted)
    await advanceCounters(session, shapes)
    await session.execute('PRAGMA foreign_keys = ON')
  }
  return { style, ...(await countRows(session, shapes)) }
}

/** An inserted row: values as SQL, by column. */
type Values = ReadonlyMap<string, string>

interface Filler {
  readonly session: Session
  readonly style: SqliteValueStyle
  readonly compared: readonly ComparedValues[]
  readonly without: readonly string[]
  readonly shapes: ReadonlyMap<string, SqliteShape>
  /** The inserted rows of each table, by row number. */
  readonly rows: Map<string, Map<number, Values>>
  /** Columns that foreign keys reference, as `table column`. */
  readonly referenced: ReadonlySet<string>
}

/** Tables in an order in which each follows those that it refers to, as far as that is possible. */
function parentsFirst(shapes: readonly SqliteShape[]): SqliteShape[] {
  const done: SqliteShape[] = []
  const open = new Map(shapes.map((shape) => [shape.name, shape]))
  while (open.size > 0) {
    const left = [...open.values()]
    const isReady = ({ name, references }: SqliteShape) =>
      references.every(({ table }) => table === name || !open.has(table))
    // In a cycle, the table with the fewest references is next.
    const next =
      left.find(isReady) ?? left.toSorted((a, b) => a.references.length - b.references.length)[0]
    if (next === undefined) break
    open.delete(next.name)
    done.push(next)
  }
  return done
}

function referencedColumns(shapes: readonly SqliteShape[]): ReadonlySet<string> {
  return new Set(
    shapes.flatMap(({ references }) =>
      references.flatMap(({ table, referenced }) => referenced.map((name) => `${table} ${name}`)),
    ),
  )
}

async function fillTable(filler: Filler, shape: SqliteShape): Promise<void> {
  if (shape.virtual?.indexes) return
  const names = new Set(shape.columns.map(({ name }) => name))
  const given = filler.compared.filter((values) =>
    Object.keys(values).some((name) => names.has(name)),
  )
  const taken = new Map<number, Values>()
  filler.rows.set(shape.name, taken)
  for (let at = 0; at < ROWS; at++) await insertRow(filler, shape, { at })
  for (const [index, values] of given.slice(0, COMPARED_ROWS).entries())
    await insertRow(filler, shape, { at: ROWS + index, given: values })
}

/** A row of a table: its number, and values that it must have. */
interface GeneratedRow {
  readonly at: number
  readonly given?: ComparedValues
}

const PLAINER: readonly SqliteValueStyle[] = ['plain', 'hinted', 'beyond', 'digits', 'json']

/** Inserts the first form of the row that the table accepts. */
async function insertRow(filler: Filler, shape: SqliteShape, row: GeneratedRow): Promise<void> {
  const styles = [...new Set([filler.style, ...PLAINER])]
  const forms = [row, ...(row.given ? [{ at: row.at }] : [])].flatMap((one) =>
    styles.map((style) => ({ row: one, style })),
  )
  for (const { row: one, style } of forms) {
    const values = valuesOf({ ...filler, style }, shape, one)
    const { ok } = await attempt(() => filler.session.execute(insertSql(shape.name, values)))
    if (!ok) continue
    filler.rows.get(shape.name)?.set(row.at, values)
    return
  }
}

function insertSql(table: string, values: Values): string {
  if (values.size === 0) return `INSERT INTO ${quoteIdentifier(table)} DEFAULT VALUES`
  const columns = [...values.keys()].map(quoteIdentifier).join(', ')
  return `INSERT INTO ${quoteIdentifier(table)} (${columns}) VALUES (${[...values.values()].join(', ')})`
}

/** The values of a row, foreign keys first: a column can be part of several. */
function valuesOf(filler: Filler, shape: SqliteShape, row: GeneratedRow): Values {
  const values = new Map<string, string>()
  for (const reference of shape.references) {
    const found = referencedValues(filler, shape, { reference, row })
    for (const [column, value] of found) if (!values.has(column)) values.set(column, value)
  }
  for (const column of shape.columns) {
    if (!values.has(column.name)) values.set(column.name, valueOf(filler, shape, { column, row }))
  }
  return values
}

/** The value of a column; the last of the usual rows repeats the one before it if it may. */
function valueOf(
  { style, referenced }: Filler,
  { name, primaryKey, unique, strict, virtual }: SqliteShape,
  { column, row: { at, given } }: { readonly column: SqliteColumn; readonly row: GeneratedRow },
): string {
  const wanted = given?.[column.name]
  if (wanted !== undefined) return wanted
  if (virtual) return virtual.module === 'fts5' ? `'word${at}'` : String(at + 1)
  const isSparse = style === 'edge' || style === 'sparse'
  const isKey = primaryKey.includes(column.name) || referenced.has(`${name} ${column.name}`)
  if (at === 1 && isSparse && !column.notNull && !isKey) return 'NULL'
  const distinct = isKey || unique.includes(column.name)
  const number = !distinct && style === 'edge' && at === ROWS - 1 ? at - 1 : at
  // Referenced values are the same in every style, so that a reference does not depend on how they were generated.
  return sqliteValueOf(column, number, { style: isKey ? 'plain' : style, distinct, strict })
}

/** The values of a foreign key's columns: the key of a row that the other table has, or will have. */
function referencedValues(
  filler: Filler,
  shape: SqliteShape,
  { reference, row: { at } }: { readonly reference: SqliteReference; readonly row: GeneratedRow },
): (readonly [string, string])[] {
  const { columns, table, referenced } = reference
  const isNullable = columns.every(
    (name) => !shape.columns.find((column) => column.name === name)?.notNull,
  )
  const isSparse = filler.style === 'edge' || filler.style === 'sparse'
  const isSelf = table === shape.name
  const isFree = (at === 1 && isSparse) || (at === 0 && isSelf) || filler.without.includes(table)
  if (isNullable && isFree) return columns.map((name) => [name, 'NULL'] as const)
  const wanted = isSelf ? (isSparse ? Math.max(at - 1, 0) : 0) : at
  const taken = filler.rows.get(table)
  const others = [...(taken?.keys() ?? [])]
  const number = taken?.has(wanted) ? wanted : (others[wanted % others.length] ?? wanted)
  const parent = taken?.get(number)
  return columns.map((name, index) => {
    const other = referenced[index] ?? ''
    return [
      name,
      parent?.get(other) ?? foreseen(filler, { table, column: other, at: number }),
    ] as const
  })
}

/** The value that a column will have in a row of a table that has no rows yet. */
function foreseen(
  filler: Filler,
  {
    table,
    column: name,
    at,
  }: { readonly table: string; readonly column: string; readonly at: number },
  seen: ReadonlySet<string> = new Set(),
): string {
  const shape = filler.shapes.get(table)
  const column = shape?.columns.find((one) => isSameName(one.name, name))
  if (shape === undefined || column === undefined) return 'NULL'
  const further = shape.references.find(({ columns }) => columns.includes(column.name))
  const key = `${table} ${column.name}`
  const next = further?.referenced[further.columns.indexOf(column.name)]
  if (further && next !== undefined && !seen.has(key))
    return foreseen(filler, { table: further.table, column: next, at }, new Set([...seen, key]))
  return sqliteValueOf(column, at, { style: 'plain', distinct: true, strict: shape.strict })
}

/** Deletes rows whose referenced row was refused, until none is left. */
async function dropOrphans(session: Session, shapes: readonly SqliteShape[]): Promise<void> {
  const deletes = shapes.flatMap(({ name, references }) =>
    references.map(({ columns, table, referenced }) => {
      const whole = columns.map((one) => `${quoteIdentifier(one)} IS NOT NULL`)
      const same = columns.map(
        (one, at) =>
          `parent.${quoteIdentifier(referenced[at] ?? '')} = child.${quoteIdentifier(one)}`,
      )
      return `DELETE FROM ${quoteIdentifier(name)} AS child WHERE ${whole.join(' AND ')}
        AND NOT EXISTS (SELECT 1 FROM ${quoteIdentifier(table)} AS parent WHERE ${same.join(' AND ')})`
    }),
  )
  for (let last = -1; ;) {
    // A trigger may refuse it, and a foreign key may reference a missing table or column.
    for (const sql of deletes) await attempt(() => session.execute(sql))
    const [row] = await session.query<{ n: number }>('SELECT total_changes() AS n')
    if (row === undefined || row.n === last) return
    last = row.n
  }
}

/** Builds the tables that index another table from its rows. */
async function indexContents(session: Session, shapes: readonly SqliteShape[]): Promise<void> {
  for (const { name, virtual } of shapes) {
    if (!virtual?.indexes) continue
    await attempt(() => session.execute(rebuildOfTextIndex(name)))
  }
}

/** Advances the AUTOINCREMENT counters as if the last rows of each table had been deleted. */
async function advanceCounters(session: Session, shapes: readonly SqliteShape[]): Promise<void> {
  const names = shapes.map(({ name }) => quoteText(name)).join(', ')
  await attempt(() =>
    session.execute(`UPDATE sqlite_sequence SET seq = seq + 10 WHERE name IN (${names})`),
  )
}

async function countRows(
  session: Session,
  shapes: readonly SqliteShape[],
): Promise<Omit<Filling, 'style'>> {
  let total = 0
  const empty: { id: string; name: string }[] = []
  for (const { name } of shapes) {
    const found = await attempt(() =>
      session.query<{ n: number }>(`SELECT count(*) AS n FROM ${quoteIdentifier(name)}`),
    )
    const rows = found.ok ? (found.value[0]?.n ?? 0) : 0
    total += rows
    if (rows === 0) empty.push({ id: name, name })
  }
  return { rows: total, empty, valueless: [] }
}
