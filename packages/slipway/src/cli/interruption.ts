import { raise } from './failures.ts'

/**
 * The reason with which a signal aborts the work: an error that carries CLI.INTERRUPTED or
 * CLI.TERMINATED, so that throwing it ends the command with the right exit code.
 */
export function interruption(signal: 'SIGINT' | 'SIGTERM'): unknown {
  try {
    if (signal === 'SIGINT') raise('CLI.INTERRUPTED', { message: 'Stopped by Ctrl-C.' })
    raise('CLI.TERMINATED', { message: 'Stopped by SIGTERM.' })
  } catch (reason) {
    return reason
  }
}
