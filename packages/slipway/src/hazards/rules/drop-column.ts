import type { Rule } from '../hazard.ts'
import { columnObject, full } from '../names.ts'

/** The values of the column are lost, and clients that still use it fail. */
export const dropColumn: Rule = {
  id: 'drop-column',
  title: 'A column is dropped with its values',
  judge(action, context) {
    if (action.kind !== 'drop-column') return undefined
    const { table, column, cascade } = action
    const more = cascade ? ' CASCADE also drops the views and constraints that use it.' : ''
    return {
      severity: 'error',
      object: columnObject(context, table, column),
      table,
      anySize: true,
      lock: 'ACCESS EXCLUSIVE',
      message: `The column ${column} of ${full(context, table)} is dropped with its values, and clients that still read it fail.${more}`,
    }
  },
}
