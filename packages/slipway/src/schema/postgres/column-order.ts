import type { Catalog } from './catalog.ts'

/** A table whose columns have a different order. This makes no difference to a query that names them. */
export interface ColumnOrder {
  /** `public.user` */
  readonly table: string
  readonly history: readonly string[]
  readonly target: readonly string[]
}

type WithOrder = Pick<Catalog, 'columnOrder'>

/** Tables with the same columns in a different order. Pure. */
export function columnOrders(history: WithOrder, target: WithOrder): ColumnOrder[] {
  return [...history.columnOrder].flatMap(([table, columns]) => {
    const own = target.columnOrder.get(table)
    if (!own || own.join('\n') === columns.join('\n')) return []
    const same = own.toSorted().join('\n') === columns.toSorted().join('\n')
    return same ? [{ table, history: columns, target: own }] : []
  })
}
