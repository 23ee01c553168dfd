import { isSameName } from '../../../schema/index.ts'
import { tableObject } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** An UPDATE or DELETE without WHERE is usually a mistake. */
export const sqliteNoWhere: SqliteRule = {
  id: 'sqlite-no-where',
  title: 'UPDATE or DELETE without WHERE in SQLite',
  judge(detail) {
    if (detail.kind !== 'update' && detail.kind !== 'delete') return undefined
    if (detail.limited || isSameName(detail.table, 'sqlite_sequence')) return undefined
    if (detail.where !== undefined && !isAlwaysTrue(detail.where)) return undefined
    const { kind, table } = detail
    return {
      severity: kind === 'delete' ? 'error' : 'warning',
      object: tableObject(table),
      table,
      message: `This ${kind.toUpperCase()} changes every row of ${table}. If you mean all rows, accept the hazard with a reason.`,
    }
  },
}

/** Whether a condition is one of the usual ways to write that all rows match. */
function isAlwaysTrue(where: string): boolean {
  return /^\(*\s*(?:true|1|1\s*=\s*1)\s*\)*$/i.test(where)
}
