import type { Statement } from './statement.ts'

/** Whether a statement writes rows and surely leaves the catalog as it is. */
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
