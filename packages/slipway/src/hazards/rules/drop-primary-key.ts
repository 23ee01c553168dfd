import { keyOf, tableNamed } from '../../schema/index.ts'
import type { ObjectName } from '../../statements/index.ts'
import type { Context, Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'

/** Without its primary key, a table accepts duplicates, and logical replication and clients' upserts fail. */
export const dropPrimaryKey: Rule = {
  id: 'drop-primary-key',
  title: 'A primary key is dropped',
  judge(action, context) {
    if (action.kind !== 'drop-constraint') return undefined
    const { table, name } = action
    const constraint = tableNamed(context.schema, table)?.constraints.find(
      (one) => one.name === name,
    )
    if (constraint?.kind !== 'primary-key') return undefined
    const replaced = getsAnother(context, table)
    return {
      severity: replaced ? 'warning' : 'error',
      object: tableObject(context, table),
      table,
      anySize: true,
      lock: 'ACCESS EXCLUSIVE',
      message: `The primary key ${name} of ${full(context, table)} is dropped${replaced ? ' and a new one is added' : ''}: upserts of running clients with ON CONFLICT on (${constraint.columns.join(', ')}) fail, and so do UPDATE and DELETE where the table is published for logical replication.`,
    }
  },
}

function getsAnother({ migration, schema }: Context, table: ObjectName): boolean {
  return migration.statements.some(({ actions }) =>
    actions.some(
      (action) =>
        action.kind === 'add-constraint' &&
        action.constraint.kind === 'primary-key' &&
        keyOf(schema, action.table) === keyOf(schema, table),
    ),
  )
}
