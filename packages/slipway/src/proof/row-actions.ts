import type { Action, ObjectName } from '../statements/index.ts'

/** Whether an action changes rows, one by one. */
export function isOfRows({ kind }: Action): boolean {
  return kind === 'delete' || kind === 'update' || kind === 'insert'
}

/** The tables whose rows an action changes by its own words. */
export function tablesChangedBy(action: Action): readonly ObjectName[] {
  if (action.kind === 'truncate') return action.tables
  return action.kind === 'delete' || action.kind === 'update' || action.kind === 'insert'
    ? [action.table]
    : []
}
