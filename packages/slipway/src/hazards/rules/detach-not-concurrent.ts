import { sizeOf } from '../facts.ts'
import type { Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'
import { detachedConcurrently, withSemicolon } from '../safe-sql.ts'

/** Older servers have no DETACH … CONCURRENTLY. */
const DETACHES_CONCURRENTLY = 140_000

/** DETACH PARTITION without CONCURRENTLY locks the whole partitioned table. */
export const detachNotConcurrent: Rule = {
  id: 'detach-not-concurrent',
  title: 'A partition is detached while reads and writes wait',
  judge(action, context) {
    if (action.kind !== 'detach-partition' || action.concurrently) return undefined
    const { table, partition } = action
    if (sizeOf(context, table) === 'new') return undefined
    const { facts, statement } = context
    const can = facts.serverVersion >= DETACHES_CONCURRENTLY && statement.actions.length === 1
    return {
      severity: 'warning',
      object: tableObject(context, table),
      lock: 'ACCESS EXCLUSIVE',
      message: `DETACH PARTITION of ${full(context, partition)} waits for every query on ${full(context, table)}, and all new queries on any of its partitions wait behind it.`,
      safeSql: can ? withSemicolon(detachedConcurrently(statement.text)) : undefined,
    }
  },
}
