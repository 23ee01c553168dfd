import { tableNamed } from '../../schema/index.ts'
import type { Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'

/** Without row level security every role with a grant sees every row. */
export const rlsDisabled: Rule = {
  id: 'rls-disabled',
  title: 'Row level security is switched off',
  judge(action, context) {
    if (action.kind !== 'row-security' || action.enabled) return undefined
    const { table } = action
    if (tableNamed(context.schema, table)?.securedBy === context.migration.name) return undefined
    return {
      severity: 'error',
      object: tableObject(context, table),
      table,
      anySize: true,
      lock: 'ACCESS EXCLUSIVE',
      message: `The policies of ${full(context, table)} have no effect any more: every role that may read the table reads all its rows.`,
    }
  },
}
