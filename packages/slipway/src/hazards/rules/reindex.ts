import type { Action } from '../../statements/index.ts'
import type { Context, Rule } from '../hazard.ts'
import { tableOfIndex } from '../locks.ts'
import { full, tableObject } from '../names.ts'
import { reindexedConcurrently, withSemicolon } from '../safe-sql.ts'

/** REINDEX without CONCURRENTLY blocks writes, and every query that is planned while it runs. */
export const reindex: Rule = {
  id: 'reindex',
  title: 'An index is rebuilt while reads and writes wait',
  judge(action, context) {
    if (action.kind !== 'reindex' || action.concurrently) return undefined
    const table = tableOf(action, context)
    const where = table === undefined ? 'every table that it reaches' : full(context, table)
    return {
      severity: 'error',
      object: table && tableObject(context, table),
      table,
      lock: 'SHARE',
      message: `REINDEX stops writes to ${where}, and locks the index against readers: the planner opens every index of a table, so almost every query on the table waits.`,
      safeSql: withSemicolon(reindexedConcurrently(context.statement.text)),
    }
  },
}

function tableOf({ object }: Extract<Action, { kind: 'reindex' }>, { schema }: Context) {
  return object && (tableOfIndex(schema, object) ?? object)
}
