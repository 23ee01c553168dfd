import type { Rule } from '../hazard.ts'
import { columnObject, full } from '../names.ts'
import { knownNotNull } from '../not-null.ts'
import { identifier, qualified } from '../quote.ts'
import { oneByOne } from '../safe-sql.ts'

/** SET NOT NULL reads the table under ACCESS EXCLUSIVE, unless a valid CHECK already proves it. */
export const notNullScans: Rule = {
  id: 'not-null-scans',
  title: 'SET NOT NULL reads every row while reads and writes wait',
  judge(action, context) {
    if (action.kind !== 'set-not-null') return undefined
    const { table, column } = action
    if (knownNotNull(context.schema, table, column)) return undefined
    const alter = `ALTER TABLE ${qualified(table)}`
    const check = identifier(`${table.name}_${column}_filled`)
    return {
      severity: 'warning',
      object: columnObject(context, table, column),
      table,
      lock: 'ACCESS EXCLUSIVE',
      message: `SET NOT NULL on ${column} reads every row of ${full(context, table)}, and blocks all reads and writes until it finishes.`,
      safeSql: oneByOne([
        `${alter} ADD CONSTRAINT ${check} CHECK (${identifier(column)} IS NOT NULL) NOT VALID`,
        `${alter} VALIDATE CONSTRAINT ${check}`,
        `${alter} ALTER COLUMN ${identifier(column)} SET NOT NULL`,
        `${alter} DROP CONSTRAINT ${check}`,
      ]),
    }
  },
}
