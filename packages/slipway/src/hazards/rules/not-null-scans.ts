import { constraintName } from '../../schema/index.ts'
import type { Rule } from '../hazard.ts'
import { columnObject, full } from '../names.ts'
import { knownNotNull, requiredColumnOf } from '../not-null.ts'
import { identifier, qualified } from '../quote.ts'
import { oneByOne, validatedLater } from '../safe-sql.ts'

/** SET NOT NULL reads the table under ACCESS EXCLUSIVE, unless a valid CHECK already proves it. */
export const notNullScans: Rule = {
  id: 'not-null-scans',
  title: 'SET NOT NULL reads every row while reads and writes wait',
  judge(action, context) {
    if (action.kind !== 'set-not-null' && action.kind !== 'add-constraint') return undefined
    const { table } = action
    const column = requiredColumnOf(action)
    if (column === undefined || knownNotNull(context.schema, table, column)) return undefined
    const alter = `ALTER TABLE ${qualified(table)}`
    const check = identifier(`${table.name}_${column}_filled`)
    const isSet = action.kind !== 'add-constraint'
    return {
      severity: 'warning',
      object: columnObject(context, table, column),
      table,
      lock: 'ACCESS EXCLUSIVE',
      message: `${isSet ? 'SET NOT NULL' : 'The NOT NULL constraint'} on ${column} reads every row of ${full(context, table)}, and blocks all reads and writes until it finishes.`,
      safeSql: isSet
        ? oneByOne([
            `${alter} ADD CONSTRAINT ${check} CHECK (${identifier(column)} IS NOT NULL) NOT VALID`,
            `${alter} VALIDATE CONSTRAINT ${check}`,
            `${alter} ALTER COLUMN ${identifier(column)} SET NOT NULL`,
            `${alter} DROP CONSTRAINT ${check}`,
          ])
        : validatedLater(context.statement, table, constraintName(table, action.constraint)),
    }
  },
}
