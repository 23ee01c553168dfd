import { referencingTables } from '../../schema/index.ts'
import type { Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'

/** CASCADE also empties the tables that reference this one. */
export const truncateCascade: Rule = {
  id: 'truncate-cascade',
  title: 'TRUNCATE empties other tables with it',
  judge(action, context) {
    if (action.kind !== 'truncate' || !action.cascade) return undefined
    return action.tables.map((table) => {
      const others = referencingTables(context.schema, table)
        .map((other) => full(context, other))
        .join(', ')
      return {
        severity: 'error',
        object: tableObject(context, table),
        table,
        anySize: true,
        lock: 'ACCESS EXCLUSIVE',
        message: `TRUNCATE ${full(context, table)} CASCADE also empties ${others || 'every table with a foreign key to it'}, and every table that refers to those.`,
      }
    })
  },
}
