import type { ConstraintDefinition, ObjectName } from '../../migration/index.ts'
import { constraintName } from '../constraint-name.ts'
import type { Context, Finding, Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'
import { takenOver } from '../safe-sql.ts'

/** A UNIQUE constraint builds its index under the strongest lock. */
export const uniqueInPlace: Rule = {
  id: 'unique-in-place',
  title: 'A unique constraint builds its index while reads and writes wait',
  judge(action, context) {
    if (action.kind === 'add-constraint')
      return judgeUnique(action.table, action.constraint, context)
    if (action.kind !== 'add-column') return undefined
    return action.column.constraints.flatMap((one) => judgeUnique(action.table, one, context) ?? [])
  },
}

function judgeUnique(
  table: ObjectName,
  constraint: ConstraintDefinition,
  context: Context,
): Finding | undefined {
  if (constraint.kind !== 'unique' || constraint.usingIndex !== undefined) return undefined
  const name = constraintName(table, constraint)
  return {
    severity: 'error',
    object: tableObject(context, table),
    table,
    lock: 'ACCESS EXCLUSIVE',
    message: `The unique constraint ${name} builds its index over all rows of ${full(context, table)}, and until then nobody reads or writes it.`,
    safeSql: takenOver(context.statement, {
      table,
      name,
      columns: constraint.columns,
      as: 'UNIQUE',
    }),
  }
}
