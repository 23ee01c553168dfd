import { copiesAt } from '../rebuild.ts'
import type { SqliteRule } from '../rule.ts'
import { tableObject } from '../words.ts'

/** Two databases of one history can have their columns in different orders. */
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
        message: `The rebuild of ${name} copies columns by their order, which can be another one on another database: ADD COLUMN puts a column at the end. Name the columns on both sides.`,
      }))
  },
}
