import type { Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'

/** Running clients still use the table's old name. */
export const renameTable: Rule = {
  id: 'rename-table',
  title: 'A table is renamed under running clients',
  judge(action, context) {
    if (action.kind !== 'rename' || action.of !== 'table') return undefined
    const { from: name, to, schema } = action
    const table = schema === undefined ? { name } : { schema, name }
    return {
      severity: 'error',
      object: tableObject(context, table),
      table,
      anySize: true,
      lock: 'ACCESS EXCLUSIVE',
      message: `The table ${full(context, table)} becomes ${to}: every client that still uses ${name} fails.`,
    }
  },
}
