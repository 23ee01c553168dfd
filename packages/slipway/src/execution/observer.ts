import type { Statement, TransactionGroup } from '../statements/index.ts'

/** What one message holds: one statement, or all of a transaction group. */
export interface Sending {
  readonly group: TransactionGroup
  readonly statements: readonly Statement[]
}

/** Looks at an execution while it runs, and may ask the session or another one. */
export interface Observer {
  /** Whether the statements of a transaction group are sent one by one, to be looked at one by one. */
  readonly wantsEach: (group: TransactionGroup) => boolean
  /** In the transaction, before the first statement of a group that is sent one by one. A retry begins again. */
  readonly groupBegan?: (group: TransactionGroup) => Promise<void>
  /** Around each sending. `send` throws what the server refuses, and that must be passed on. */
  readonly around: (sending: Sending, send: () => Promise<void>) => Promise<void>
}
