import type { Action, ObjectName } from '../statements/index.ts'

/** Whether an action changes individual rows. */
export function isOfRows({ kind }: Action): boolean {
  return kind === 'delete' || kind === 'update' || kind === 'insert'
}

/** The tables that an action names and whose rows it changes. */
export function tablesChangedBy(action: Action): readonly ObjectName[] {
  if (action.kind === 'truncate') return action.tables
  return action.kind === 'delete' || action.kind === 'update' || action.kind === 'insert'
    ? [action.table]
    : []
}
