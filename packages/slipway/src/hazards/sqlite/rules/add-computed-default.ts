import { columnObject } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** ADD COLUMN writes no rows, so it cannot compute a value for each row. */
export const addComputedDefault: SqliteRule = {
  id: 'add-computed-default',
  title: 'A column with a computed default is added',
  judge(detail) {
    if (detail.kind !== 'add-column') return undefined
    const { table, column } = detail
    if (column.default?.kind !== 'computed') return undefined
    return {
      severity: 'error',
      object: columnObject(table, column.name),
      table,
      message: `The default ${column.default.text} of ${column.name} is not a constant: SQLite refuses to add the column to a table with rows. Rebuild ${table}, with the value that existing rows get.`,
    }
  },
}
