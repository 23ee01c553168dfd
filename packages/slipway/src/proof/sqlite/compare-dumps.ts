import {
  type Destruction,
  distinctDestructions,
  type ObjectRef,
  partRef,
  type TableRef,
} from '../../statements/index.ts'
import type { Dump, DumpedRow, DumpedTable } from './dump.ts'

/** What differs between the rows of one table at two times. */
export interface RowDifference {
  /** Rows that no longer exist. */
  readonly deleted: number
  readonly inserted: number
  /** Rows whose values changed, and the columns of these values. */
  readonly updated: number
  readonly columns: readonly string[]
}

/** How the rows of a database differ from the first dump. */
export interface DumpDifference {
  /** Missing rows and values, and counters that decreased. */
  readonly lost: readonly Destruction[]
  /** Tables with new rows. */
  readonly grown: readonly ObjectRef[]
}

/** Compares all rows of the tables of the first dump with those of the second, by name. */
export function compareDumps(before: Dump, after: Dump): DumpDifference {
  const lost: Destruction[] = []
  const grown: ObjectRef[] = []
  for (const table of before.tables.values()) {
    const object = refOf(table.name)
    const later = after.tables.get(table.name)
    const { deleted, inserted, columns } = differenceOf(table, later ?? { ...table, rows: [] })
    if (deleted > 0) lost.push({ what: 'rows', object })
    if (inserted > 0) grown.push(object)
    lost.push(
      ...columns.map((name) => ({
        what: 'values' as const,
        object: partRef('column', object, name),
      })),
    )
    const [was, is] = [before, after].map(({ counters }) => counters.get(table.name))
    if (was !== undefined && was > (is ?? 0))
      lost.push({ what: 'values', object: { ...object, kind: 'sequence' } })
  }
  return { lost: distinctDestructions(lost), grown }
}

function refOf(name: string): TableRef {
  return { kind: 'table', schema: null, name }
}

/**
 * Compares the rows of a table at two times. `columns` maps the columns of the first to those of the second,
 * which may have more; if absent, columns with equal names match. `byRowid`: the table was not rebuilt in
 * between.
 */
export function differenceOf(
  before: DumpedTable,
  after: DumpedTable,
  {
    columns = new Map(before.columns.map((name) => [name, name])),
    byRowid = false,
  }: { readonly columns?: ReadonlyMap<string, string>; readonly byRowid?: boolean } = {},
): RowDifference {
  const shared = before.columns.filter((name) => after.columns.includes(columns.get(name) ?? ''))
  const first = sidesOf(before, shared)
  const second = sidesOf(
    after,
    shared.map((name) => columns.get(name) ?? ''),
  )
  const gone = withoutEqual(first, second)
  const come = withoutEqual(second, first)
  const pairs = pairsOf(gone, come, keyOf(before, { shared, byRowid }))
  const changed = shared.filter((_, at) =>
    pairs.some(([old, fresh]) => old.values[at] !== fresh.values[at]),
  )
  return {
    deleted: gone.length - pairs.length,
    inserted: come.length - pairs.length,
    updated: pairs.length,
    columns: changed,
  }
}

/** The rows with only these columns. */
function sidesOf({ columns, rows }: DumpedTable, wanted: readonly string[]): DumpedRow[] {
  const places = wanted.map((name) => columns.indexOf(name))
  return rows.map(({ values, ...row }) => ({
    ...row,
    values: places.map((at) => values[at] ?? ''),
  }))
}

/** The rows that are not among `others`. Duplicates are counted. */
function withoutEqual(rows: readonly DumpedRow[], others: readonly DumpedRow[]): DumpedRow[] {
  const left = new Map<string, number>()
  for (const { values } of others) {
    const text = JSON.stringify(values)
    left.set(text, (left.get(text) ?? 0) + 1)
  }
  return rows.filter(({ values }) => {
    const text = JSON.stringify(values)
    const count = left.get(text) ?? 0
    left.set(text, count - 1)
    return count <= 0
  })
}

type KeyOf = (row: DumpedRow) => string | undefined

/**
 * Returns a function that identifies a row. Without a rowid or a key, rows are paired in order and count as
 * changed.
 */
function keyOf(
  { key }: DumpedTable,
  { shared, byRowid }: { readonly shared: readonly string[]; readonly byRowid: boolean },
): KeyOf {
  if (byRowid) return ({ rowid }) => rowid
  const places = key.map((name) => shared.indexOf(name))
  if (places.length === 0 || places.includes(-1)) return () => ''
  return ({ values }) => JSON.stringify(places.map((at) => values[at]))
}

function pairsOf(
  gone: readonly DumpedRow[],
  come: readonly DumpedRow[],
  key: KeyOf,
): (readonly [DumpedRow, DumpedRow])[] {
  const open = Map.groupBy(come, key)
  return gone.flatMap((row) => {
    const other = open.get(key(row))?.shift()
    return other ? [[row, other] as const] : []
  })
}
