import type { Statement } from './statement.ts'

/** Whether a statement only changes rows and certainly does not change the catalog. */
export function changesRowsOnly({ actions }: Pick<Statement, 'actions'>): boolean {
  return actions.every((action) => {
    switch (action.kind) {
      case 'insert':
      case 'update':
      case 'delete':
        return action.hasWith === undefined
      case 'truncate':
        return true
      case 'other':
        return action.statement === 'CopyStmt'
      default:
        return false
    }
  })
}
