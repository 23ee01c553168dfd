import { columnObject } from '../names-and-sizes.ts'
import { copiesOfColumn, copiesToOtherTables, copiesText } from '../row-copies.ts'
import type { SqliteRule } from '../rule.ts'

/** The values of the column are lost. */
export const sqliteDropColumn: SqliteRule = {
  id: 'sqlite-drop-column',
  title: 'A column is dropped with its values in SQLite',
  judge(detail, context) {
    if (detail.kind !== 'drop-column') return undefined
    const { table, column } = detail
    const copies = copiesOfColumn(copiesToOtherTables(context, table, []), column)
    const but =
      copies.length === 0
        ? ''
        : ` However, ${copiesText(copies)}: check that this covers all values.`
    return {
      severity: copies.length === 0 ? 'error' : 'warning',
      object: columnObject(table, column),
      table,
      message: `The values of ${column} of ${table} are lost, and clients that still use the column fail.${but}`,
    }
  },
}
