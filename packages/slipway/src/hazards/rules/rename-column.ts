import { columnNamed } from '../../schema/index.ts'
import type { Rule } from '../hazard.ts'
import { columnObject, full } from '../names.ts'

/** Running clients still use the column's old name, unless the migration itself added the column. */
export const renameColumn: Rule = {
  id: 'rename-column',
  title: 'A column is renamed under running clients',
  judge(action, context) {
    if (action.kind !== 'rename' || action.of !== 'column') return undefined
    const { table, from, to } = action
    if (columnNamed(context.schema, table, from)?.addedBy === context.migration.name)
      return undefined
    return {
      severity: 'error',
      object: columnObject(context, table, from),
      table,
      anySize: true,
      lock: 'ACCESS EXCLUSIVE',
      message: `The column ${from} of ${full(context, table)} becomes ${to}: every client that still uses ${from} fails.`,
    }
  },
}
