import { objectKey, type TableRef, tableRef } from '../../statements/index.ts'
import type { Catalog } from './catalog.ts'
import { parentsOf } from './in-place.ts'

/** The partitions and child tables of a table, at any depth. */
export function childTablesOf(
  { facts, defaultSchema }: Catalog,
  { schema, name }: Pick<TableRef, 'schema' | 'name'>,
): TableRef[] {
  const found: TableRef[] = []
  const parents = new Set([objectKey({ kind: 'table', schema, name })])
  let before: number
  do {
    // A partition of a partition is found in the next round.
    before = parents.size
    for (const fact of facts.facts()) {
      if (fact.id.kind !== 'table') continue
      const child = tableRef({ defaultSchema }, fact.id)
      const isChild = parentsOf(fact).some((one) =>
        parents.has(objectKey(tableRef({ defaultSchema }, one))),
      )
      if (!isChild || parents.has(objectKey(child))) continue
      parents.add(objectKey(child))
      found.push(child)
    }
  } while (before < parents.size)
  return found
}
