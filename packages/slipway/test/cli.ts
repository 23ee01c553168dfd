import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../bin/slipway.js', import.meta.url))

/** The outcome of a run of the real command line. */
export interface CliRun {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningCli {
  readonly child: ChildProcess
  readonly ended: Promise<CliRun>
}

/** Starts the command line as a separate process. */
export function startCli(
  args: readonly string[],
  options: { cwd: string; url?: string },
): RunningCli {
  const url = options.url === undefined ? [] : ['--url', options.url]
  const child = spawn(process.execPath, [PROGRAM, ...args, ...url, '--no-interactive'], {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: '1', DATABASE_URL: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => (stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (stderr += String(chunk)))
  const ended = new Promise<CliRun>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
  return { child, ended }
}

/** Runs the command line to its end. */
export async function runCli(
  args: readonly string[],
  options: { cwd: string; url?: string },
): Promise<CliRun> {
  return await startCli(args, options).ended
}
