import type { Action } from '../statements/index.ts'

/** Kinds of actions that change no existing rows or values, and call no code that could change them. */
const LEAVING: ReadonlySet<Action['kind']> = new Set<Action['kind']>([
  'add-column',
  'add-constraint',
  'add-domain-constraint',
  'add-enum-value',
  'alter-table',
  'attach-partition',
  'cluster',
  'create-enum',
  'create-extension',
  'create-index',
  'create-policy',
  'create-trigger',
  'detach-partition',
  'drop-constraint',
  'drop-default',
  'drop-index',
  'drop-not-null',
  'drop-on-table',
  'grant',
  'lock-table',
  'reindex',
  'restart-sequence',
  'rename',
  'row-security',
  'set',
  'set-default',
  'set-not-null',
  'set-schema',
  'vacuum',
  'validate-constraint',
])

/** Statements without an action kind that change no rows, by PostgreSQL's node names. */
const LEAVING_STATEMENTS: ReadonlySet<string> = new Set([
  'AlterFunctionStmt',
  'AlterOwnerStmt',
  'AlterPolicyStmt',
  'AlterSeqStmt',
  'CommentStmt',
  'CreateFunctionStmt',
  'CreateSchemaStmt',
  'CreateSeqStmt',
  'CreateStatsStmt',
  'TransactionStmt',
  'VariableSetStmt',
  'VariableShowStmt',
])

/** Whether an action may destroy existing rows or values, directly or through code that it calls. */
export function mayDestroy(action: Action): boolean {
  switch (action.kind) {
    case 'create-table':
      return action.filled
    case 'create-view':
      return action.materialized
    case 'drop':
      return (
        action.cascade ||
        action.of === 'table' ||
        action.of === 'materialized-view' ||
        action.of === 'schema' ||
        action.of === 'extension'
      )
    case 'other':
      return !LEAVING_STATEMENTS.has(action.statement)
    default:
      return !LEAVING.has(action.kind)
  }
}
