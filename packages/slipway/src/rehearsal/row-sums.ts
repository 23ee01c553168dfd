import { quoteIdentifier, quoteLiteral, type Session } from '../database/index.ts'
import { readShape, type ShapeTable } from './shape.ts'

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
  const selects = tables.map((table) => {
    const key =
      table.primaryKey.map((name) => `${quoteIdentifier(name)}::text`).join(` || ',' || `) || `''`
    const sums = table.columns.map(({ name }) => {
      const value = `coalesce(${quoteIdentifier(name)}::text, 'NULL ')`
      return `${quoteLiteral(name)}, sum(hashtextextended(${key} || ' ' || ${value}, 0)::numeric)::text`
    })
    return `SELECT ${quoteLiteral(nameOf(table))} AS name, count(*)::int AS rows, (${objectOf(sums)})::text AS columns FROM ${table.id}`
  })
  const rows = await session.query<{ name: string; rows: number; columns: string }>(
    selects.join(' UNION ALL '),
  )
  return Object.fromEntries(
    rows.map(({ name, rows: count, columns }) => [
      name,
      { rows: count, columns: JSON.parse(columns) as Record<string, string> },
    ]),
  )
}

/** A function takes at most 100 arguments: wide tables need several objects put together. */
function objectOf(pairs: readonly string[]): string {
  const parts: string[] = []
  for (let at = 0; at < pairs.length; at += 40) {
    parts.push(`jsonb_build_object(${pairs.slice(at, at + 40).join(', ')})`)
  }
  return parts.join(' || ') || `'{}'::jsonb`
}

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

/** Compares the rows that are there now with those of before. */
export async function compareRows(session: Session, before: RowSums): Promise<RowChange> {
  const known = (await readShape(session)).filter((table) => before[nameOf(table)] !== undefined)
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
