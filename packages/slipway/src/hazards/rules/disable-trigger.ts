import { keyOf } from '../../schema/index.ts'
import type { ObjectName } from '../../statements/index.ts'
import type { Context, Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'

/** DISABLE TRIGGER applies to every session, not only to the migration. */
export const disableTrigger: Rule = {
  id: 'disable-trigger',
  title: 'A trigger is disabled for all clients',
  judge(action, context) {
    if (action.kind !== 'alter-table' || !action.subcommand.startsWith('AT_DisableTrig'))
      return undefined
    const { table, subcommand } = action
    const keys =
      subcommand === 'AT_DisableTrigAll' ? ' With ALL, foreign keys are not checked either.' : ''
    const after = isEnabledLater(context, table)
      ? 'Until the transaction ends, no other session can write to it.'
      : 'The migration does not enable it again.'
    return {
      severity: isEnabledLater(context, table) ? 'warning' : 'error',
      object: tableObject(context, table),
      table,
      anySize: true,
      lock: 'SHARE ROW EXCLUSIVE',
      message: `DISABLE TRIGGER on ${full(context, table)} applies to the writes of every client after the commit, not only for this session.${keys} ${after}`,
    }
  },
}

function isEnabledLater({ migration, statement, schema }: Context, table: ObjectName): boolean {
  return migration.statements
    .slice(statement.number - 1)
    .some(({ actions }) =>
      actions.some(
        (action) =>
          action.kind === 'alter-table' &&
          /^AT_Enable(?:Always|Replica)?Trig/.test(action.subcommand) &&
          keyOf(schema, action.table) === keyOf(schema, table),
      ),
    )
}
