import type { Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'

/** A new trigger on a table in use runs for every later write. */
export const triggerOnTable: Rule = {
  id: 'trigger-on-table',
  title: 'A trigger is added to a table in use',
  judge(action, context) {
    if (action.kind !== 'create-trigger') return undefined
    const { table, name } = action
    return {
      severity: 'warning',
      object: tableObject(context, table),
      table,
      lock: 'SHARE ROW EXCLUSIVE',
      message: `After the commit, the trigger ${name} runs for every write to ${full(context, table)} of the kinds that it names; creating it waits for all current writers.`,
    }
  },
}
