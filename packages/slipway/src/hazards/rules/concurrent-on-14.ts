import type { Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'

/** PostgreSQL 14.0 to 14.3 can build a corrupt index with CONCURRENTLY. */
export const concurrentOn14: Rule = {
  id: 'concurrent-on-14',
  title: 'A concurrent build on PostgreSQL 14.0 to 14.3',
  judge(action, context) {
    const { serverVersion } = context.facts
    if (serverVersion < 140_000 || serverVersion >= 140_004) return undefined
    if (action.kind !== 'create-index' && action.kind !== 'reindex') return undefined
    if (!action.concurrently) return undefined
    const table = action.kind === 'create-index' ? action.table : undefined
    return {
      severity: 'error',
      object: table && tableObject(context, table),
      table,
      message: `The server is PostgreSQL 14.${serverVersion % 100}, which can leave rows out of an index${table ? ` on ${full(context, table)}` : ''} that it builds concurrently. Update it to 14.4 or later first.`,
    }
  },
}
