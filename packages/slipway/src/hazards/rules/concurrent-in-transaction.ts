import type { Rule } from '../hazard.ts'
import { full } from '../names.ts'

/** CONCURRENTLY is refused inside a transaction block. */
export const concurrentInTransaction: Rule = {
  id: 'concurrent-in-transaction',
  title: 'CONCURRENTLY inside a transaction block',
  judge(action, context) {
    if (!context.inBlock || !('concurrently' in action) || !action.concurrently) return undefined
    // REFRESH MATERIALIZED VIEW CONCURRENTLY is allowed in a transaction.
    if (action.kind === 'refresh-view') return undefined
    const table = action.kind === 'create-index' ? ` on ${full(context, action.table)}` : ''
    return {
      severity: 'error',
      message: `The file opened a transaction with BEGIN, and PostgreSQL refuses CONCURRENTLY${table} inside one. Move it outside BEGIN and COMMIT.`,
    }
  },
}
