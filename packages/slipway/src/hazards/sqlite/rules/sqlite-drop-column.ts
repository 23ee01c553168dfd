import { keepingColumn, keptElsewhere, placesOf } from '../kept-elsewhere.ts'
import type { SqliteRule } from '../rule.ts'
import { columnObject } from '../words.ts'

/** The values of the column are lost. */
export const sqliteDropColumn: SqliteRule = {
  id: 'sqlite-drop-column',
  title: 'A column is dropped with its values in SQLite',
  judge(detail, context) {
    if (detail.kind !== 'drop-column') return undefined
    const { table, column } = detail
    const keepings = keepingColumn(keptElsewhere(context, table, []), column)
    const but =
      keepings.length === 0
        ? ''
        : ` However, ${placesOf(keepings)}: check that this covers all values.`
    return {
      severity: keepings.length === 0 ? 'error' : 'warning',
      object: columnObject(table, column),
      table,
      message: `The values of ${column} of ${table} are lost, and clients that still use the column fail.${but}`,
    }
  },
}
