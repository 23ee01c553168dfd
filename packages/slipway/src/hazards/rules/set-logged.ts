import type { Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'

/** SET LOGGED and SET UNLOGGED rewrite the table; an unlogged one is empty after a crash. */
export const setLogged: Rule = {
  id: 'set-logged',
  title: 'SET LOGGED or SET UNLOGGED rewrites the table',
  judge(action, context) {
    if (action.kind !== 'alter-table') return undefined
    const { table, subcommand } = action
    if (subcommand !== 'AT_SetLogged' && subcommand !== 'AT_SetUnLogged') return undefined
    const risk =
      subcommand === 'AT_SetUnLogged'
        ? ' After a server crash, an unlogged table is empty, and a standby never has its rows.'
        : ''
    return {
      severity: 'error',
      object: tableObject(context, table),
      table,
      ...(risk === '' ? {} : { anySize: true as const }),
      lock: 'ACCESS EXCLUSIVE',
      rewrites: true,
      message: `${risk === '' ? 'SET LOGGED' : 'SET UNLOGGED'} rewrites all rows of ${full(context, table)} and its indexes, and blocks all reads and writes until it finishes.${risk}`,
    }
  },
}
