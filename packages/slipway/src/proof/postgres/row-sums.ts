import { quoteIdentifier, type Session } from '../../database/index.ts'
import type { ShapeTable } from '../../shadow/index.ts'
import {
  type Destruction,
  distinctDestructions,
  objectKey,
  partRef,
  type TableRef,
} from '../../statements/index.ts'

/**
 * A table's number of rows, and a sum over the values of each column. Rows are compared by these, in any
 * order.
 */
export interface TableSums {
  readonly table: TableRef
  readonly rows: number
  readonly columns: Readonly<Record<string, string>>
}

/** The sums of tables, by `objectKey` of each. */
export type RowSums = Readonly<Record<string, TableSums>>

/** Reads the current sums of tables. A column's sum covers each value with its row's primary key. */
export async function readRowSums(
  session: Session,
  tables: readonly ShapeTable[],
): Promise<RowSums> {
  if (tables.length === 0) return {}
  const rowsOf = tables.map((table, at) => {
    const key = table.primaryKey
      .map((name) => `t.${quoteIdentifier(name)}::text`)
      .join(` || ',' || `)
    // `t` alone would refer to a column of that name.
    return `SELECT ${at} AS place, ${key || `''`} AS key, row_to_json(t.*) AS cells FROM ${table.id} t`
  })
  // JSON keeps the query small: planning a sum for each column would take longer than reading the rows.
  const sums = await session.query<{ place: number; column: string; rows: number; sum: string }>(
    `SELECT place, cell.key AS "column", count(*)::int AS rows,
       sum(hashtextextended(r.key || ' ' || coalesce(cell.value, 'NULL '), 0)::numeric)::text AS sum
     FROM (${rowsOf.join(' UNION ALL ')}) r, json_each_text(r.cells) cell GROUP BY 1, 2`,
  )
  const found = tables.map(({ ref }) => ({
    table: ref,
    rows: 0,
    columns: {} as Record<string, string>,
  }))
  for (const { place, column, rows, sum } of sums) {
    const sumsOfTable = found[place]
    if (sumsOfTable === undefined) continue
    sumsOfTable.rows = rows
    sumsOfTable.columns[column] = sum
  }
  return Object.fromEntries(found.map((one) => [objectKey(one.table), one]))
}

/** How the rows differ from the earlier ones. */
export interface RowChange {
  /** Lost rows of tables and values of columns, sorted by name. */
  readonly lost: readonly Destruction[]
  /** Tables that have more rows than before. */
  readonly grown: readonly TableRef[]
  /**
   * The keys of tables that had rows and still have the same, and of columns with the same values in as many
   * rows.
   */
  readonly unchanged: ReadonlySet<string>
}

/** The result if nothing was compared. */
export const NO_CHANGE: RowChange = { lost: [], grown: [], unchanged: new Set() }

/** Compares the current rows, in the current `tables`, with the earlier ones. */
export async function compareRows(
  session: Session,
  before: RowSums,
  tables: readonly ShapeTable[],
): Promise<RowChange> {
  const known = tables.filter(({ ref }) => before[objectKey(ref)] !== undefined)
  const now = await readRowSums(session, known)
  const filled = Object.entries(before).filter(([, { rows }]) => rows > 0)
  const lost = filled.flatMap(([key, { table, rows, columns }]): Destruction[] => {
    const left = now[key]
    if (left === undefined || left.rows < rows) return [{ what: 'rows', object: table }]
    if (left.rows > rows) return []
    return Object.keys(columns)
      .filter((name) => left.columns[name] !== columns[name])
      .map((name) => ({ what: 'values', object: partRef('column', table, name) }))
  })
  const grown = Object.keys(before)
    .toSorted()
    .flatMap((key) => {
      const { table, rows } = now[key] ?? {}
      return table && (rows ?? 0) > (before[key]?.rows ?? 0) ? [table] : []
    })
  return { lost: distinctDestructions(lost), grown, unchanged: new Set(filled.flatMap(same)) }

  function same([key, { table, rows, columns }]: [string, TableSums]): string[] {
    const left = now[key]
    if (left?.rows !== rows) return []
    const names = Object.keys(columns)
    const kept = names.filter((name) => left.columns[name] === columns[name])
    const own = kept.length === names.length ? [key] : []
    return [...own, ...kept.map((name) => objectKey(partRef('column', table, name)))]
  }
}
