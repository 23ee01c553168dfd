import { isRequired } from '../../statements/index.ts'
import type { Rule } from '../hazard.ts'
import { columnObject, full } from '../names.ts'
import { identifier, qualified } from '../quote.ts'

/** A NOT NULL column without a default has no value for existing rows. */
export const notNullWithoutDefault: Rule = {
  id: 'not-null-without-default',
  title: 'A required column is added without a default',
  judge(action, context) {
    if (action.kind !== 'add-column') return undefined
    const { table, column } = action
    if (!isRequired(column)) return undefined
    const name = identifier(column.name)
    return {
      severity: 'error',
      object: columnObject(context, table, column.name),
      table,
      message: `The column ${column.name} is NOT NULL and has no default: PostgreSQL refuses it if ${full(context, table)} has a row.`,
      safeSql: [
        `ALTER TABLE ${qualified(table)} ADD COLUMN ${name} ${column.type};`,
        `-- Fill ${name} in batches, and in a later migration SET NOT NULL.`,
      ].join('\n'),
    }
  },
}
