import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'

/** A program to run. `env` is added to the environment of this process. */
export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

/** The time and memory of one run of a program, from its start to its exit. */
export interface Measurement {
  readonly wallMs: number
  /** User and system time; absent if the machine has no GNU `time`. */
  readonly cpuMs?: number
  /** Peak resident memory of the process, in KiB; absent likewise. */
  readonly peakKiB?: number
}

export type Run =
  | { readonly ok: true; readonly measurement: Measurement; readonly stdout: string }
  | { readonly ok: false; readonly reason: string }

const TIMEOUT_MS = 180_000
const GNU_TIME = '/usr/bin/time'

/** Whether CPU time and memory can be measured here, with GNU `time` (Debian's package `time`). */
export const measuresMemory = spawnSync(GNU_TIME, ['-f', '%M', 'true']).status === 0

/** Runs a program to its end. If it fails or exceeds the limit of three minutes, it is not measured. */
export async function measure(command: Command, limitMs = TIMEOUT_MS): Promise<Run> {
  const usageFile = path.join(command.cwd, '.usage')
  const timed = measuresMemory ? [GNU_TIME, '-f', '%U %S %M', '-o', usageFile] : []
  const [program = '', ...args] = [...timed, command.program, ...command.args]
  const started = performance.now()
  const { code, stdout, stderr } = await exitOf(program, args, { ...command, limitMs })
  const wallMs = performance.now() - started
  const usage = measuresMemory ? readUsage(usageFile) : {}
  rmSync(usageFile, { force: true })
  if (code === 0) return { ok: true, measurement: { wallMs, ...usage }, stdout }
  return { ok: false, reason: `exit ${code ?? 'by signal'}: ${endOfOutput(stderr || stdout)}` }
}

interface Exit {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function exitOf(
  program: string,
  args: readonly string[],
  { cwd, env, limitMs }: Command & { readonly limitMs: number },
): Promise<Exit> {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // In its own process group: GNU `time` does not pass a signal on to its program.
    detached: true,
  })
  const kill = () => void process.kill(-(child.pid ?? NaN), 'SIGKILL')
  const timeout = setTimeout(kill, limitMs)
  process.once('exit', kill)
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(timeout)
      process.off('exit', kill)
      resolve({ code, ...output })
    })
  })
}

function readUsage(file: string): Pick<Measurement, 'cpuMs' | 'peakKiB'> {
  const last = readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? ''
  const [user = NaN, system = NaN, peakKiB = NaN] = last.split(' ').map(Number)
  return Number.isNaN(peakKiB) ? {} : { cpuMs: (user + system) * 1000, peakKiB }
}

/** The end of an output, without the password of the throw-away server. */
function endOfOutput(text: string): string {
  const redacted = text.replaceAll(/\/\/([^:/\s]+):[^@\s]*@/g, '//$1:***@')
  return redacted.trim().slice(-600)
}
