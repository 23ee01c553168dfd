import { constraintName } from '../../schema/index.ts'
import type { ConstraintDefinition, ObjectName } from '../../statements/index.ts'
import type { Context, Finding, Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'
import { validatedLater } from '../safe-sql.ts'

/** A new CHECK is verified for every row under ACCESS EXCLUSIVE. */
export const checkValidates: Rule = {
  id: 'check-validates',
  title: 'A check constraint reads every row while reads and writes wait',
  judge(action, context) {
    if (action.kind === 'add-constraint')
      return judgeCheck(action.table, action.constraint, context)
    if (action.kind !== 'add-column') return undefined
    return action.column.constraints.flatMap((one) => judgeCheck(action.table, one, context) ?? [])
  },
}

function judgeCheck(
  table: ObjectName,
  constraint: ConstraintDefinition,
  context: Context,
): Finding | undefined {
  if (constraint.kind !== 'check' || constraint.notValid) return undefined
  const name = constraintName(table, constraint)
  // The name that PostgreSQL chooses depends on the columns in the expression.
  const safeSql = constraint.name && validatedLater(context.statement, table, constraint.name)
  return {
    severity: 'warning',
    object: tableObject(context, table),
    table,
    lock: 'ACCESS EXCLUSIVE',
    message: `Adding the check ${name} reads every row of ${full(context, table)}, and blocks all reads and writes until it finishes.`,
    safeSql,
  }
}
