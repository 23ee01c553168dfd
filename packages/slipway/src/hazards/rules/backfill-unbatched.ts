import type { Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'

/** One UPDATE of a whole table locks every row until it ends, and leaves a dead copy of each. */
export const backfillUnbatched: Rule = {
  id: 'backfill-unbatched',
  title: 'A whole table is updated at once',
  judge(action, context) {
    if (action.kind !== 'update' || !meansAllRows(action.where)) return undefined
    const { table } = action
    return {
      severity: 'warning',
      object: tableObject(context, table),
      table,
      lock: 'ROW EXCLUSIVE',
      message: `One statement updates all rows of ${full(context, table)}: other writers of a row wait until the last one is done, and the table grows by a copy of each. Do it in batches.`,
    }
  },
}

/** No condition, or only that a column is not filled yet. */
function meansAllRows(where: string | undefined): boolean {
  if (where === undefined) return true
  return /^[\s(]*(?:"[^"]+"|[\w.]+)(?:\."[^"]+")?\s+is\s+(?:not\s+)?null[\s)]*$/i.test(where)
}
