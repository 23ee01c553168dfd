import { constraintName } from '../constraint-name.ts'
import type { Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'
import { takenOver } from '../safe-sql.ts'

/** ADD PRIMARY KEY builds its index, and reads for NULLs, under the strongest lock. */
export const primaryKeyInPlace: Rule = {
  id: 'primary-key-in-place',
  title: 'A primary key builds its index while reads and writes wait',
  judge(action, context) {
    const constraint =
      action.kind === 'add-constraint'
        ? action.constraint
        : action.kind === 'add-column'
          ? action.column.constraints.find(({ kind }) => kind === 'primary-key')
          : undefined
    if (constraint?.kind !== 'primary-key' || constraint.usingIndex !== undefined) return undefined
    if (!('table' in action) || action.table === undefined) return undefined
    const { table } = action
    const name = constraintName(table, constraint)
    return {
      severity: 'error',
      object: tableObject(context, table),
      table,
      lock: 'ACCESS EXCLUSIVE',
      message: `The primary key ${name} builds its index over all rows of ${full(context, table)}, and until then nobody reads or writes it.`,
      safeSql: takenOver(context.statement, {
        table,
        name,
        columns: constraint.columns,
        as: 'PRIMARY KEY',
      }),
    }
  },
}
