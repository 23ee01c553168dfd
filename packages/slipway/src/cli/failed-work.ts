import type { Outcome } from '../app/index.ts'
import type { Receipt } from '../execution/index.ts'
import type { Report } from './command.ts'

/**
 * The exit code of work on a target where its failure does not say it: a migration that was begun and undone ends the
 * command with 5, also where the server stopped it for a reason that is none of the migration's: no
 * right, no disk space. After a lost connection it is unknown whether it was undone.
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
