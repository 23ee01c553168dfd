import type { Rule } from '../hazard.ts'
import { columnObject, full } from '../names.ts'

/** A column filled from a sequence needs a value for each existing row. */
export const serialColumn: Rule = {
  id: 'serial-column',
  title: 'A serial or identity column rewrites the table',
  judge(action, context) {
    if (action.kind !== 'add-column') return undefined
    const { table, column } = action
    if (column.filledBy !== 'serial' && column.filledBy !== 'identity') return undefined
    return {
      severity: 'error',
      object: columnObject(context, table, column.name),
      table,
      lock: 'ACCESS EXCLUSIVE',
      rewrites: true,
      message: `The ${column.filledBy} column ${column.name} takes a number for each row: this rewrites ${full(context, table)}, and blocks all reads and writes until it finishes.`,
    }
  },
}
