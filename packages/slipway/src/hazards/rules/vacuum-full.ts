import type { Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'

/** VACUUM FULL and CLUSTER rewrite the table under ACCESS EXCLUSIVE. */
export const vacuumFull: Rule = {
  id: 'vacuum-full',
  title: 'VACUUM FULL or CLUSTER rewrites the table',
  judge(action, context) {
    const isFull = action.kind === 'vacuum' && action.full
    if (!isFull && action.kind !== 'cluster') return undefined
    const { table } = action
    const command = isFull ? 'VACUUM FULL' : 'CLUSTER'
    return {
      severity: 'error',
      object: table && tableObject(context, table),
      table,
      lock: 'ACCESS EXCLUSIVE',
      rewrites: true,
      message: `${command} rewrites ${table ? full(context, table) : 'every table'} and its indexes, and blocks all reads and writes until it finishes.`,
    }
  },
}
