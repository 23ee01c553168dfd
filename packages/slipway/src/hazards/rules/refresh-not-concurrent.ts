import { type DatabaseSchema, indexesOf } from '../../schema/index.ts'
import type { ObjectName } from '../../statements/index.ts'
import type { Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'
import { refreshedConcurrently, withSemicolon } from '../safe-sql.ts'

/** REFRESH MATERIALIZED VIEW without CONCURRENTLY blocks readers of the view while its query runs. */
export const refreshNotConcurrent: Rule = {
  id: 'refresh-not-concurrent',
  title: 'A materialized view is refreshed while readers wait',
  judge(action, context) {
    if (action.kind !== 'refresh-view' || action.concurrently) return undefined
    const { view } = action
    const has = hasUniqueIndex(context.schema, view)
    const need = has ? '' : ' CONCURRENTLY needs a unique index on its columns.'
    return {
      severity: 'error',
      object: tableObject(context, view),
      table: view,
      lock: 'ACCESS EXCLUSIVE',
      rewrites: true,
      message: `REFRESH runs the query of ${full(context, view)} from the beginning, and blocks all reads of the view until it finishes.${need}`,
      safeSql: has ? withSemicolon(refreshedConcurrently(context.statement.text)) : undefined,
    }
  },
}

/** Whether a materialized view has a unique index that REFRESH … CONCURRENTLY can use. */
export function hasUniqueIndex(schema: DatabaseSchema, view: ObjectName): boolean {
  return indexesOf(schema, view).some(
    ({ unique, partial, columns }) => unique && !partial && !columns.includes(''),
  )
}
