import { referencingTables } from '../../schema/index.ts'
import type { Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'

/** The rows are lost, and clients that still use the table fail. */
export const dropTable: Rule = {
  id: 'drop-table',
  title: 'A table is dropped with its rows',
  judge(action, context) {
    if (action.kind !== 'drop' || action.of !== 'table') return undefined
    const table = action.object
    const from = action.cascade
      ? referencingTables(context.schema, table).map((other) => full(context, other))
      : []
    const more =
      from.length > 0 ? ` CASCADE also drops the foreign keys of ${from.join(', ')}.` : ''
    return {
      severity: 'error',
      object: tableObject(context, table),
      table,
      anySize: true,
      lock: 'ACCESS EXCLUSIVE',
      message: `The table ${full(context, table)} is dropped with its rows, and clients that still use it fail.${more}`,
    }
  },
}
