import { referenceOf } from '../../schema/index.ts'
import type { Rule } from '../hazard.ts'
import { tableOfIndex } from '../locks.ts'
import { full, tableObject } from '../names.ts'
import { concurrently } from '../safe-sql.ts'

/** DROP INDEX without CONCURRENTLY waits for all readers of the table, and new readers queue behind it. */
export const dropIndexNotConcurrent: Rule = {
  id: 'drop-index-not-concurrent',
  title: 'An index is dropped while reads and writes wait',
  judge(action, context) {
    if (action.kind !== 'drop-index' || action.concurrently) return undefined
    const table = tableOfIndex(context.schema, action.index)
    const where = table === undefined ? 'its table' : full(context, table)
    const single = context.statement.actions.length === 1
    return {
      severity: 'warning',
      object: table
        ? tableObject(context, table)
        : { kind: 'index', ...referenceOf(context.schema, action.index) },
      table,
      lock: 'ACCESS EXCLUSIVE',
      message: `Dropping the index ${action.index.name} waits for every query on ${where}, and all new queries wait behind it.`,
      // DROP INDEX CONCURRENTLY accepts only one index, and no CASCADE.
      safeSql: single ? concurrently(context.statement) : undefined,
    }
  },
}
