import { isDeepStrictEqual } from 'node:util'
import type { Identity } from '../schema/index.ts'
import { numbersByName, type NumberedTable } from './table-pairs.ts'

/**
 * A column of a history, and the name of the target's column at the same position. Another column of the history
 * has that name.
 */
export interface InterchangedColumn {
  readonly column: Identity
  readonly name: string
}

/** The columns of one table that are at the positions of other columns with the same types. */
export interface Interchanged {
  readonly columns: readonly InterchangedColumn[]
  /**
   * `parts`: indexes, constraints, sequences or comments kept their positions, so the columns were renamed.
   * `written`: they may have been renamed or reordered. Either the parts contradict each other, or no part
   * shows it, but the server wrote these columns to its catalog after it created the table. A rename does that,
   * and so do other changes.
   */
  readonly by: 'parts' | 'written'
}

/**
 * Finds columns that may have exchanged their names. Undefined if only their order differs: the columns are
 * as they were created, or the indexes and other parts of the table moved with the names.
 */
export function interchangedColumns(
  table: NumberedTable,
  other: NumberedTable,
  written: ReadonlySet<string>,
): Interchanged | undefined {
  const moved = movedColumns(table, other)
  if (!moved) return undefined
  const { places, columns } = moved
  const numbers = new Set(columns.map(({ number }) => number))
  const name = (of: NumberedTable, number: number) => of.columns.get(number)?.identity.name
  const common = table.partNames.flatMap((part) => {
    const same = other.partNames.find((one) => one.name === part.name)
    return same && part.columns.some((number) => numbers.has(number)) ? [[part, same] as const] : []
  })
  const found = common.map(([part, same]) => ({
    inPlace: isDeepStrictEqual(
      part.columns.map((number) => places.get(number)),
      same.columns,
    ),
    byName: isDeepStrictEqual(
      part.columns.map((number) => name(table, number)),
      same.columns.map((number) => name(other, number)),
    ),
  }))
  const renamed = found.filter(({ inPlace, byName }) => inPlace && !byName)
  const ordered = found.filter(({ inPlace, byName }) => byName && !inPlace)
  if (renamed.length > 0 && ordered.length === 0) return { columns, by: 'parts' }
  const isWritten = columns.every(({ number }) => {
    const now = other.columns.get(places.get(number) ?? 0)
    return now !== undefined && written.has(now.identity.id)
  })
  if (renamed.length === 0 && (ordered.length > 0 || !isWritten)) return undefined
  return { columns, by: 'written' }
}

interface MovedColumns {
  /** Maps the numbers of the history's columns to those on the target. */
  readonly places: ReadonlyMap<number, number>
  readonly columns: readonly (InterchangedColumn & { readonly number: number })[]
}

/** Undefined unless each column at the position of another has its type. */
function movedColumns(table: NumberedTable, other: NumberedTable): MovedColumns | undefined {
  const places = placesIn(table, other)
  const [own, others] = [numbersByName(table), numbersByName(other)]
  const columns = [...table.columns].flatMap(([number, { identity, type }]) => {
    const now = other.columns.get(places.get(number) ?? 0)
    if (now === undefined || now.identity.name === identity.name) return []
    // A name that is new is an ordinary rename.
    if (!others.has(identity.name) && !own.has(now.identity.name)) return []
    return [{ number, column: identity, name: now.identity.name, isAlike: now.type === type }]
  })
  const names = new Set(columns.map(({ column }) => column.name))
  const isClosed = names.size > 0 && columns.every(({ name }) => names.has(name))
  return isClosed && columns.every(({ isAlike }) => isAlike) ? { places, columns } : undefined
}

/** Matches columns by order, which restoring a dump preserves; by number if one side has more columns. */
function placesIn(table: NumberedTable, other: NumberedTable): Map<number, number> {
  const sorted = ({ numbers }: NumberedTable) => [...numbers].toSorted((a, b) => a - b)
  const [own, others] = [sorted(table), sorted(other)]
  const isSame = own.length === others.length
  return new Map(own.map((number, at) => [number, isSame ? (others[at] ?? number) : number]))
}
