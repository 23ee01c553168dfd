import type { Layout } from './references.ts'
import type { ResolvedColumns } from './resolved-columns.ts'
import type { SeedSet } from './set.ts'
import { columnOf, findTable, type TargetTable, type TargetTables } from './target-tables.ts'

/** The part of resolved rows that decides which values may be shown. */
interface ShownRows extends Pick<ResolvedColumns, 'key'> {
  readonly set: SeedSet
  readonly target: TargetTable
  readonly tables: TargetTables
  readonly layout: Layout
}

/**
 * Whether the natural key of rows must not be shown, because the set marks one of its columns, or a column of
 * the key of a referenced row, as sensitive.
 */
export function hasSecretKey(rows: ShownRows): boolean {
  const { set, tables, key } = rows
  const secret = new Set(
    set.tables.flatMap(({ name, sensitive }) => {
      const table = findTable(tables, name)
      return table ? sensitive.flatMap((field) => columnOf(table, headOf(field)) ?? []) : []
    }),
  )
  return [...key, ...keyCells(rows).map(({ column }) => column)].some((one) => secret.has(one))
}

/** The cells of rows that give their natural key. */
export function keyCells({
  target,
  layout,
  key,
}: Omit<ShownRows, 'set' | 'tables'>): Layout['cells'] {
  return layout.cells.filter(({ field }) => {
    const column = columnOf(target, headOf(field))
    return column !== undefined && key.includes(column)
  })
}

function headOf(field: string): string {
  return field.split('.')[0] ?? field
}
