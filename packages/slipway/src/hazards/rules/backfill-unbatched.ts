import { conditionsOf, isAlwaysTrue } from '../../statements/index.ts'
import type { Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'

/** One UPDATE of a whole table locks every row until it ends, and leaves a dead copy of each. */
export const backfillUnbatched: Rule = {
  id: 'backfill-unbatched',
  title: 'A whole table is updated in one statement',
  judge(action, context) {
    if (action.kind !== 'update' || !mayMeanAllRows(action.where)) return undefined
    const { table, where } = action
    const name = full(context, table)
    const rows =
      where === undefined || isAlwaysTrue(where)
        ? `all rows of ${name}`
        : `all rows of ${name} that match WHERE ${where}`
    return {
      severity: 'warning',
      object: tableObject(context, table),
      table,
      lock: 'ROW EXCLUSIVE',
      message: `One statement updates ${rows}: each updated row stays locked until the transaction ends, and the table grows by a copy of each row. Update in batches.`,
    }
  },
}

/** Whether there is no condition, or a single recognized one such as `column IS NULL`. */
function mayMeanAllRows(where: string | undefined): boolean {
  if (where === undefined || isAlwaysTrue(where)) return true
  const [test, ...others] = conditionsOf(where)
  return test !== undefined && others.length === 0
}
