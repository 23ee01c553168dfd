import { columnNamed } from '../../schema/index.ts'
import { type Action, isAlwaysTrue } from '../../statements/index.ts'
import type { Context, Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'

/** Without a WHERE, every row is changed or deleted. */
export const noWhere: Rule = {
  id: 'no-where',
  title: 'UPDATE or DELETE without WHERE',
  judge(action, context) {
    if (action.kind !== 'update' && action.kind !== 'delete') return undefined
    const { table, where } = action
    if (isFirstFill(action, context)) return undefined
    if (where !== undefined && !isAlwaysTrue(where)) return undefined
    const what = action.kind === 'update' ? 'UPDATE changes' : 'DELETE removes'
    return {
      severity: 'error',
      object: tableObject(context, table),
      table,
      lock: 'ROW EXCLUSIVE',
      message: `The ${what} every row of ${full(context, table)}${where === undefined ? '' : `: WHERE ${where} is true for every row`}. If you mean all rows, accept the hazard with a reason.`,
    }
  },
}

/** Whether an UPDATE only sets columns that the same migration added, which hold no values to lose. */
function isFirstFill(
  action: Extract<Action, { kind: 'update' | 'delete' }>,
  { schema, migration }: Context,
): boolean {
  if (action.kind === 'delete') return false
  return action.columns.every(
    (column) => columnNamed(schema, action.table, column)?.addedBy === migration.name,
  )
}
