import type { Rule } from '../hazard.ts'
import { columnObject, full } from '../names.ts'

/** A stored generated column is computed for each existing row. */
export const storedColumn: Rule = {
  id: 'stored-column',
  title: 'A stored generated column rewrites the table',
  judge(action, context) {
    if (action.kind !== 'add-column' || action.column.filledBy !== 'stored') return undefined
    const { table, column } = action
    return {
      severity: 'error',
      object: columnObject(context, table, column.name),
      table,
      lock: 'ACCESS EXCLUSIVE',
      rewrites: true,
      message: `The generated column ${column.name} is computed for each row: this rewrites ${full(context, table)}, and blocks all reads and writes until it finishes.`,
    }
  },
}
