import { failureOf } from '../kernel/index.ts'
import { CATALOGUES } from './catalogue.ts'
import type { ExitCode, Report } from './command.ts'

/**
 * The exit code of a command: that of its report, else that of its failure, else 4 for findings of
 * severity error, else 0. A report with a failure never gives 0 (guarantee 8).
 */
export async function exitCodeOf(report: Report, signal: AbortSignal): Promise<ExitCode> {
  const { exitCode, failure, findings } = report
  if (exitCode !== undefined && (exitCode !== 0 || !failure)) return exitCode
  if (failure) return bySignal(await exitCodeOfFailure(failure.code), signal)
  return findings.some((finding) => finding.severity === 'error') ? 4 : 0
}

async function exitCodeOfFailure(code: string): Promise<ExitCode> {
  const specs = await CATALOGUES[code.split('.')[0] ?? '']?.()
  return specs?.[code]?.exit ?? 2
}

/**
 * After a signal, a command that stopped safely exits with the code of that signal. Codes 5 (rolled
 * back) and 6 (needs a repair) say more, so they stay.
 */
async function bySignal(code: ExitCode, signal: AbortSignal): Promise<ExitCode> {
  const stopped = signal.aborted && (code === 2 || code === 130 || code === 143)
  const reason = stopped ? failureOf(signal.reason) : undefined
  return reason ? await exitCodeOfFailure(reason.code) : code
}
