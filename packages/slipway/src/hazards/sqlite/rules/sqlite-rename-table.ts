import { tableObject } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** Running clients still use the table's old name. */
export const sqliteRenameTable: SqliteRule = {
  id: 'sqlite-rename-table',
  title: 'A table is renamed under running clients of SQLite',
  judge(detail, { run, statement }) {
    if (detail.kind !== 'rename-table') return undefined
    if (run.rebuilds.some(({ rename }) => rename === statement)) return undefined
    const { table, to } = detail
    return {
      severity: 'error',
      object: tableObject(table),
      table,
      anySize: true,
      message: `The table ${table} becomes ${to}: every client that still uses ${table} fails.`,
    }
  },
}
