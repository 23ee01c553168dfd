import type { Receipt } from '../execution/index.ts'
import type { Failure } from '../kernel/index.ts'
import type { Report } from './command.ts'

/**
 * The failure of work on a target, as its report has it. A migration that was begun and undone ends the
 * command with 5, also where the server stopped it for a reason that is none of the migration's: no
 * right, no disk space. After a lost connection nobody knows whether it was undone.
 */
export function failedWork(outcome: {
  readonly failure?: Failure
  readonly receipts: readonly Receipt[]
}): Pick<Report, 'failure' | 'exitCode'> {
  const { failure, receipts } = outcome
  if (!failure) return {}
  const begun = receipts.some(({ status }) => status === 'failed')
  const byServer =
    failure.code.startsWith('DATABASE.') && failure.code !== 'DATABASE.CONNECTION_LOST'
  return begun && byServer ? { failure, exitCode: 5 } : { failure }
}
