import type { Statement, TransactionGroup } from '../statements/index.ts'

/** What one message holds: one statement, or all of a transaction group. */
export interface Sending {
  readonly group: TransactionGroup
  readonly statements: readonly Statement[]
}

/** Observes an execution while it runs, and may query its session or another one. */
export interface Observer {
  /** Whether the statements of a transaction group are sent, and observed, one by one. */
  readonly wantsEach: (group: TransactionGroup) => boolean
  /** In the transaction, before the first statement of a group that is sent one by one; again for each retry. */
  readonly groupBegan?: (group: TransactionGroup) => Promise<void>
  /** Wraps each message. `send` throws the server's refusal, which must be rethrown. */
  readonly around: (sending: Sending, send: () => Promise<void>) => Promise<void>
}
