import type { Rule } from '../hazard.ts'
import { columnObject, full } from '../names.ts'
import { identifier, qualified } from '../quote.ts'

/** A default that is computed for each row makes the server rewrite all rows. */
export const volatileDefault: Rule = {
  id: 'volatile-default',
  title: 'A default computed for each row rewrites the table',
  judge(action, context) {
    if (action.kind !== 'add-column') return undefined
    const { table, column } = action
    if (column.default?.kind !== 'volatile') return undefined
    return {
      severity: 'error',
      object: columnObject(context, table, column.name),
      table,
      lock: 'ACCESS EXCLUSIVE',
      rewrites: true,
      message: `The default ${column.default.function}() of ${column.name} is computed for each row: this rewrites ${full(context, table)} and its indexes, and blocks all reads and writes until it finishes.`,
      safeSql: `ALTER TABLE ${qualified(table)} ADD COLUMN ${identifier(column.name)} ${column.type};\n-- Give it its default with SET DEFAULT, and fill existing rows in batches.`,
    }
  },
}
