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
        : `the rows of ${name} WHERE ${where}, however many they are`
    return {
      severity: 'warning',
      object: tableObject(context, table),
      table,
      lock: 'ROW EXCLUSIVE',
      message: `One statement updates ${rows}: other writers of a row wait until the last one is done, and the table grows by a copy of each. Do it in batches.`,
    }
  },
}

/** No condition, or only that a column is not filled yet. */
function mayMeanAllRows(where: string | undefined): boolean {
  if (where === undefined || isAlwaysTrue(where)) return true
  const [test, ...others] = conditionsOf(where)
  return test !== undefined && others.length === 0
}
