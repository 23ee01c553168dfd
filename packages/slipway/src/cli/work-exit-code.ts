import type { Outcome } from '../app/index.ts'
import type { Receipt } from '../execution/index.ts'
import type { Report } from './command.ts'

/**
 * The exit code of work on a target, if its failure does not determine it. A migration that started
 * and was rolled back ends the command with 5, even if the server stopped it for an unrelated reason,
 * such as a missing privilege or a full disk. After a lost connection, it is unknown whether it was
 * rolled back.
 */
export function exitCodeOfWork(
  outcome: Outcome<{ readonly receipts: readonly Receipt[] }>,
): Pick<Report, 'exitCode'> {
  if (outcome.ok) return {}
  const { code } = outcome.failure
  const begun = outcome.result?.receipts.some(({ status }) => status === 'failed') === true
  const byServer = code.startsWith('DATABASE.') && code !== 'DATABASE.CONNECTION_LOST'
  return begun && byServer ? { exitCode: 5 } : {}
}
