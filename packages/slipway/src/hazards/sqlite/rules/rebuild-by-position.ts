import { tableObject } from '../names-and-sizes.ts'
import { copiesAt } from '../rebuild.ts'
import type { SqliteRule } from '../rule.ts'

/** Databases with the same history can have different column orders. */
export const rebuildByPosition: SqliteRule = {
  id: 'rebuild-by-position',
  title: 'A rebuild copies columns by their order',
  judge(_detail, context) {
    return copiesAt(context)
      .filter(({ copy }) => copy.byPosition)
      .map(({ rebuild: { name, oldName } }) => ({
        severity: 'warning' as const,
        object: tableObject(name),
        table: oldName,
        message: `The rebuild of ${name} copies columns by their order, which can differ on another database: ADD COLUMN appends a column. Name the columns on both sides.`,
      }))
  },
}
