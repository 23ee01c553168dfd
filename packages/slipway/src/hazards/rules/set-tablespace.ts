import type { Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'

const MOVES: Readonly<Record<string, string>> = {
  AT_SetTableSpace: 'SET TABLESPACE copies all files of',
  AT_SetAccessMethod: 'SET ACCESS METHOD rewrites all rows of',
}

/** A change of tablespace or access method copies the table under ACCESS EXCLUSIVE. */
export const setTablespace: Rule = {
  id: 'set-tablespace',
  title: 'SET TABLESPACE or SET ACCESS METHOD copies the table',
  judge(action, context) {
    if (action.kind !== 'alter-table') return undefined
    const { table, subcommand } = action
    const copies = MOVES[subcommand]
    if (copies === undefined) return undefined
    return {
      severity: 'error',
      object: tableObject(context, table),
      table,
      lock: 'ACCESS EXCLUSIVE',
      rewrites: true,
      message: `${copies} ${full(context, table)}, and blocks all reads and writes until it finishes.`,
    }
  },
}
