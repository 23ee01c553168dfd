import { columnObject } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** Running clients still use the column's old name. */
export const sqliteRenameColumn: SqliteRule = {
  id: 'sqlite-rename-column',
  title: 'A column is renamed under running clients of SQLite',
  judge(detail) {
    if (detail.kind !== 'rename-column') return undefined
    const { table, from, to } = detail
    return {
      severity: 'error',
      object: columnObject(table, from),
      table,
      anySize: true,
      message: `The column ${from} of ${table} becomes ${to}: every client that still uses ${from} fails.`,
    }
  },
}
