import { constraintName } from '../../schema/index.ts'
import type { ConstraintDefinition, ObjectName } from '../../statements/index.ts'
import type { Context, Finding, Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'
import { validatedLater } from '../safe-sql.ts'

/** A new foreign key on a filled table is checked for every row while writes to both tables are blocked. */
export const foreignKeyValidates: Rule = {
  id: 'foreign-key-validates',
  title: 'A foreign key checks every row while writes wait',
  judge(action, context) {
    if (action.kind === 'add-constraint') return judgeKey(action.table, action.constraint, context)
    if (action.kind !== 'add-column' || action.column.default === undefined) return undefined
    // A new column without a default is NULL in all rows, so there is nothing to check.
    return action.column.constraints.flatMap((one) => judgeKey(action.table, one, context) ?? [])
  },
}

function judgeKey(
  table: ObjectName,
  constraint: ConstraintDefinition,
  context: Context,
): Finding | undefined {
  if (constraint.kind !== 'foreign-key' || constraint.notValid) return undefined
  const name = constraintName(table, constraint)
  const safeSql = validatedLater(context.statement, table, name)
  const other = constraint.references
    ? full(context, constraint.references.table)
    : 'the other table'
  return {
    severity: 'warning',
    object: tableObject(context, table),
    table,
    lock: 'SHARE ROW EXCLUSIVE',
    message: `Adding the foreign key ${name} checks every row of ${full(context, table)}, and blocks all writes to it and to ${other} until it finishes.`,
    safeSql,
  }
}
