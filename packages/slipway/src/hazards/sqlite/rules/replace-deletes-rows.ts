import { dependentsOf, isSameName } from '../../../schema/index.ts'
import { rowsOf, tableObject, nameWithRowCount } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** REPLACE deletes the existing row and inserts a new one. */
export const replaceDeletesRows: SqliteRule = {
  id: 'replace-deletes-rows',
  title: 'REPLACE deletes rows',
  judge(detail, context) {
    if (detail.kind !== 'insert' && detail.kind !== 'update') return undefined
    const { table, conflict } = detail
    if (conflict !== 'replace') return undefined
    const { definitions } = context
    const children = dependentsOf(definitions, table).filter(
      ({ table: child, key }) =>
        ['cascade', 'set-null', 'set-default'].includes(key.onDelete) &&
        rowsOf(context, child) !== 0,
    )
    const triggers = [...definitions.triggers.values()].filter(
      (trigger) => isSameName(trigger.table, table) && trigger.event === 'delete',
    )
    const also = [
      ...children.map(
        ({ table: child }) => `rows of ${nameWithRowCount(context, child)} lose what they refer to`,
      ),
      ...triggers.map(
        ({ name }) => `the trigger ${name} does not run, unless PRAGMA recursive_triggers is on`,
      ),
    ]
    return {
      severity: children.length > 0 ? 'error' : 'warning',
      object: tableObject(table),
      table,
      message: `REPLACE deletes each row of ${table} that has the same key, including the values of columns that this statement does not list${also.length === 0 ? '' : `; ${also.join('; ')}`}. Use ON CONFLICT … DO UPDATE.`,
    }
  },
}
