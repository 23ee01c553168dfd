import type { Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'

/**
 * TRUNCATE removes every row, even for transactions with an older snapshot. With CASCADE,
 * `truncate-cascade` reports it.
 */
export const truncate: Rule = {
  id: 'truncate',
  title: 'TRUNCATE empties a table in use',
  judge(action, context) {
    if (action.kind !== 'truncate' || action.cascade) return undefined
    return action.tables.map((table) => ({
      severity: 'error' as const,
      object: tableObject(context, table),
      table,
      anySize: true as const,
      lock: 'ACCESS EXCLUSIVE' as const,
      message: `TRUNCATE removes every row of ${full(context, table)}, and no other session can read or write it until the commit. A transaction with an older snapshot sees the table as empty after that.`,
    }))
  },
}
