import { isSameObject } from '../statements/index.ts'
import type { SeedSetTable } from './set.ts'
import { columnOf, type TargetForeignKey, type TargetTable } from './target-tables.ts'

/** A table of a set, and the corresponding table of the target. */
export interface PlacedTable {
  readonly table: SeedSetTable
  readonly target: TargetTable
}

/**
 * A table at its position in the order, with the columns that refer to later tables or to the table itself.
 */
export interface OrderedTable extends PlacedTable {
  readonly deferredColumns: ReadonlySet<string>
}

/**
 * The tables of a set in the order of their foreign keys, otherwise in the order of the set. In a cycle, a
 * foreign key that may be NULL is filled later; a key to the table itself is filled after all rows of the
 * table.
 */
export function orderTables(tables: readonly PlacedTable[]): readonly OrderedTable[] {
  const left = [...tables]
  const ordered: OrderedTable[] = []
  while (left.length > 0) {
    const next = left.find((one) => unresolvedColumns(one, left).length === 0) ?? cycleStart(left)
    left.splice(left.indexOf(next), 1)
    const columns = [...unresolvedColumns(next, left), ...selfReferences(next)]
    ordered.push({ ...next, deferredColumns: new Set(columns) })
  }
  return ordered
}

/** Columns that refer to tables not yet in the order. */
function unresolvedColumns(one: PlacedTable, left: readonly PlacedTable[]): string[] {
  return one.target.foreignKeys
    .filter(({ table }) => left.some((other) => other !== one && isSameObject(other.target, table)))
    .flatMap((key) => columnsToDefer(one, key))
}

function selfReferences(one: PlacedTable): string[] {
  return one.target.foreignKeys
    .filter(({ table }) => isSameObject(one.target, table))
    .flatMap((key) => columnsToDefer(one, key))
}

/**
 * The columns of a foreign key that are filled later. A row without one of them refers to nothing yet, so those
 * that are required or belong to the natural key, such as the tenant, are filled immediately if another is not.
 */
function columnsToDefer(
  { table, target }: PlacedTable,
  { columns }: TargetForeignKey,
): readonly string[] {
  const key = table.key.map((field) => columnOf(target, field)?.name)
  const optional = columns.filter(
    (name) =>
      !key.includes(name) && target.columns.some((one) => one.name === name && !one.notNull),
  )
  return optional.length > 0 ? optional : columns
}

/** In a cycle: a table whose columns to remaining tables may all be NULL, else the first. */
function cycleStart(left: readonly PlacedTable[]): PlacedTable {
  const free = left.find((one) => {
    const waiting = unresolvedColumns(one, left)
    return one.target.columns.every(({ name, notNull }) => !notNull || !waiting.includes(name))
  })
  const [first] = left
  if (free ?? first) return (free ?? first) as PlacedTable
  throw new TypeError('no table is left')
}
