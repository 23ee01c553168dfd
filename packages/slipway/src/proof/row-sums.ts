import { quoteIdentifier, type Session } from '../database/index.ts'
import { readShape, type ShapeTable } from '../shadow/index.ts'

/** A sum over the values of each column, and the count of rows, by table (`public.users`): rows are compared by them, in any order. */
export type RowSums = Readonly<
  Record<string, { readonly rows: number; readonly columns: Readonly<Record<string, string>> }>
>

/** Takes the sums of some tables as they are now. A column's sum holds each value beside its row's primary key. */
export async function readRowSums(
  session: Session,
  tables: readonly ShapeTable[],
): Promise<RowSums> {
  if (tables.length === 0) return {}
  const rowsOf = tables.map((table, at) => {
    const key = table.primaryKey
      .map((name) => `t.${quoteIdentifier(name)}::text`)
      .join(` || ',' || `)
    return `SELECT ${at} AS place, ${key || `''`} AS key, row_to_json(t) AS cells FROM ${table.id} t`
  })
  // By way of JSON the query stays small: planning a sum for each column takes longer than reading the rows.
  const sums = await session.query<{ place: number; column: string; rows: number; sum: string }>(
    `SELECT place, cell.key AS "column", count(*)::int AS rows,
       sum(hashtextextended(r.key || ' ' || coalesce(cell.value, 'NULL '), 0)::numeric)::text AS sum
     FROM (${rowsOf.join(' UNION ALL ')}) r, json_each_text(r.cells) cell GROUP BY 1, 2`,
  )
  const found = tables.map(() => ({ rows: 0, columns: {} as Record<string, string> }))
  for (const { place, column, rows, sum } of sums) {
    const table = found[place]
    if (table === undefined) continue
    table.rows = rows
    table.columns[column] = sum
  }
  return Object.fromEntries(tables.map((table, at) => [nameOf(table), found[at] ?? NO_ROWS]))
}

const NO_ROWS = { rows: 0, columns: {} }

function nameOf({ schema, name }: ShapeTable): string {
  return `${schema}.${name}`
}

/** How rows differ from those of before. */
export interface RowChange {
  /** What is no longer there: `rows of public.users`, `column public.users.email`. Sorted. */
  readonly lost: readonly string[]
  /** Tables that have more rows than before: `public.users`. */
  readonly grown: readonly string[]
}

/** Compares the rows that are there now, in the `tables` that stand now, with those of before. */
export async function compareRows(
  session: Session,
  before: RowSums,
  tables?: readonly ShapeTable[],
): Promise<RowChange> {
  const standing = tables ?? (await readShape(session))
  const known = standing.filter((table) => before[nameOf(table)] !== undefined)
  const now = await readRowSums(session, known)
  const filled = Object.entries(before).filter(([, { rows }]) => rows > 0)
  const lost = filled.flatMap(([table, { rows, columns }]) => {
    const left = now[table]
    if (left === undefined || left.rows < rows) return [`rows of ${table}`]
    if (left.rows > rows) return []
    return Object.keys(columns)
      .filter((name) => left.columns[name] !== columns[name])
      .map((name) => `column ${table}.${name}`)
  })
  const grown = Object.entries(before).flatMap(([table, { rows }]) =>
    (now[table]?.rows ?? 0) > rows ? [table] : [],
  )
  return { lost: lost.toSorted(), grown: grown.toSorted() }
}
