import type { Catalog } from './catalog.ts'
import { textOf } from './fact-base.ts'
import type { TableName } from './heritage.ts'

/** The foreign keys of a table as SQL, without their names, sorted. */
export function foreignKeysOf({ facts }: Catalog, { schema, name }: TableName): string[] {
  return facts
    .facts()
    .flatMap(({ id, payload }) =>
      id.kind === 'constraint' &&
      id.schema === schema &&
      id.table === name &&
      textOf(payload['type']) === 'f'
        ? [textOf(payload['def'])]
        : [],
    )
    .toSorted()
}
