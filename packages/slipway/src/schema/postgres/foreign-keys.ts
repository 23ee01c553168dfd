import type { Catalog } from './catalog.ts'
import { textOf } from './fact-base.ts'

/**
 * The foreign keys of each table as SQL, without their names, sorted; the keys are the schema and name of the
 * table, as JSON.
 */
export function foreignKeysByTable({ facts }: Catalog): Map<string, string[]> {
  const keys = facts
    .facts()
    .flatMap(({ id, payload }) =>
      id.kind === 'constraint' && textOf(payload['type']) === 'f'
        ? [{ table: JSON.stringify([id.schema, id.table]), sql: textOf(payload['def']) }]
        : [],
    )
  return new Map(
    [...Map.groupBy(keys, ({ table }) => table)].map(([table, found]) => [
      table,
      found.map(({ sql }) => sql).toSorted(),
    ]),
  )
}
