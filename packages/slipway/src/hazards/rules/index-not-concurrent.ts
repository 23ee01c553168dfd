import type { Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'
import { concurrently } from '../safe-sql.ts'

/** CREATE INDEX without CONCURRENTLY blocks writers until all rows are read. */
export const indexNotConcurrent: Rule = {
  id: 'index-not-concurrent',
  title: 'An index is built while writes wait',
  judge(action, context) {
    if (action.kind !== 'create-index' || action.concurrently) return undefined
    const { table, name } = action
    const safeSql = concurrently(context.statement)
    return {
      severity: 'error',
      object: tableObject(context, table),
      table,
      lock: 'SHARE',
      message: `Building ${name === undefined ? 'the index' : `the index ${name}`} blocks all writes to ${full(context, table)} until every row is read.`,
      safeSql,
    }
  },
}
