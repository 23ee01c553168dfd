import { columnNamed } from '../../schema/index.ts'
import type { Rule } from '../hazard.ts'
import { columnObject, full } from '../names.ts'

/** A session's prepared statement fails after the type of a column in its result changes. */
export const cachedPlan: Rule = {
  id: 'cached-plan',
  title: 'Prepared statements of running clients fail',
  judge(action, context) {
    if (action.kind !== 'change-type') return undefined
    const { table, column } = action
    if (columnNamed(context.schema, table, column)?.addedBy === context.migration.name)
      return undefined
    return {
      severity: 'warning',
      object: columnObject(context, table, column),
      table,
      anySize: true,
      message: `After the commit, a session that has prepared a query with ${column} of ${full(context, table)} in its result gets "cached plan must not change result type" each time it executes the query, until it prepares the query again. Restart the clients, or their pools, after the deploy.`,
    }
  },
}
