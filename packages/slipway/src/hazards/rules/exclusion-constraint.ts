import { constraintName } from '../../schema/index.ts'
import type { Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'

/** An exclusion constraint builds its index under ACCESS EXCLUSIVE; PostgreSQL has no alternative. */
export const exclusionConstraint: Rule = {
  id: 'exclusion-constraint',
  title: 'An exclusion constraint builds its index while reads and writes wait',
  judge(action, context) {
    if (action.kind !== 'add-constraint' || action.constraint.kind !== 'exclusion') return undefined
    const { table, constraint } = action
    return {
      severity: 'error',
      object: tableObject(context, table),
      table,
      lock: 'ACCESS EXCLUSIVE',
      message: `The exclusion constraint ${constraintName(table, constraint)} builds its index over all rows of ${full(context, table)}, and blocks all reads and writes until it finishes.`,
    }
  },
}
