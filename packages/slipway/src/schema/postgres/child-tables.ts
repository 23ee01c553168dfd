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
  // A partition of a partition is found in the next round.
  for (let before = -1; before < parents.size;) {
    before = parents.size
    for (const fact of facts.facts()) {
      if (fact.id.kind !== 'table') continue
      const heir = tableRef({ defaultSchema }, fact.id)
      const isHeir = parentsOf(fact).some((one) =>
        parents.has(objectKey(tableRef({ defaultSchema }, one))),
      )
      if (!isHeir || parents.has(objectKey(heir))) continue
      parents.add(objectKey(heir))
      found.push(heir)
    }
  }
  return found
}
