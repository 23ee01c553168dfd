import { quoteIdentifier, type Session } from '../../database/index.ts'
import { readShape, type ShapeTable } from '../../shadow/index.ts'
import {
  type Destruction,
  distinctDestructions,
  objectKey,
  objectOfKey,
  type ObjectRef,
  schemaRef,
} from '../../statements/index.ts'

/** A sum over the values of each column, and the count of rows, by the table's key: rows are compared by them, in any order. */
export type RowSums = Readonly<
  Record<string, { readonly rows: number; readonly columns: Readonly<Record<string, string>> }>
>

/** Takes the sums of some tables as they are now. A column's sum holds each value beside its row's primary key. */
export async function readRowSums(
  session: Session,
  tables: readonly ShapeTable[],
): Promise<RowSums> {
  if (tables.length === 0) return {}
  const keyOf = (table: ShapeTable) => objectKey(tableRef(table, session.server.schema))
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
  return Object.fromEntries(tables.map((table, at) => [keyOf(table), found[at] ?? NO_ROWS]))
}

const NO_ROWS = { rows: 0, columns: {} }

/** The reference to a table that was read from a database with this default schema. */
export function tableRef(
  { schema, name }: Pick<ShapeTable, 'schema' | 'name'>,
  defaultSchema: string,
): ObjectRef {
  return { kind: 'table', schema: schemaRef(schema, defaultSchema), name }
}

/** A column of a table; nothing for other objects. */
export function columnOf(table: ObjectRef, name: string): ObjectRef {
  if (table.kind !== 'table') return table
  return { kind: 'column', schema: table.schema, table: table.name, name }
}

/** How rows differ from those of before. */
export interface RowChange {
  /** What is no longer there: rows of a table, values of a column. Sorted by name. */
  readonly lost: readonly Destruction[]
  /** Tables that have more rows than before. */
  readonly grown: readonly ObjectRef[]
}

/** Compares the current rows, in the current `tables`, with the earlier ones. */
export async function compareRows(
  session: Session,
  before: RowSums,
  tables?: readonly ShapeTable[],
): Promise<RowChange> {
  const current = tables ?? (await readShape(session))
  const known = current.filter(
    (table) => before[objectKey(tableRef(table, session.server.schema))] !== undefined,
  )
  const now = await readRowSums(session, known)
  const filled = Object.entries(before).filter(([, { rows }]) => rows > 0)
  const lost = filled.flatMap(([key, { rows, columns }]): Destruction[] => {
    const left = now[key]
    const table = objectOfKey(key)
    if (left === undefined || left.rows < rows) return [{ what: 'rows', object: table }]
    if (left.rows > rows) return []
    return Object.keys(columns)
      .filter((name) => left.columns[name] !== columns[name])
      .map((name) => ({ what: 'values', object: columnOf(table, name) }))
  })
  const grown = Object.entries(before).flatMap(([key, { rows }]) =>
    (now[key]?.rows ?? 0) > rows ? [key] : [],
  )
  return { lost: distinctDestructions(lost), grown: grown.toSorted().map(objectOfKey) }
}
