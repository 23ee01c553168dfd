import { isBlockClosed } from '../block.ts'
import type { Rule } from '../hazard.ts'

/** A BEGIN without COMMIT: when a tool disconnects, the server rolls back everything after it. */
export const uncommittedTransaction: Rule = {
  id: 'uncommitted-transaction',
  title: 'BEGIN without COMMIT',
  judge(_action, context) {
    if (context.statement.role.kind !== 'begin' || isBlockClosed(context)) return undefined
    return {
      severity: 'error',
      message:
        'The file opens a transaction with BEGIN and does not end it: a tool that runs it statement by statement loses everything after it. Remove the BEGIN, or add the COMMIT.',
    }
  },
}
