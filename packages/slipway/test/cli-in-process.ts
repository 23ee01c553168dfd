import { appendFileSync, statSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import type { Command } from '../src/cli/command.ts'
import type { Host } from '../src/cli/host.ts'
import { run } from '../src/cli/run.ts'

/** The surroundings of a command; by default a CI job without a terminal. */
export interface CliOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Whether stdin and stderr (and stdout) are terminals. */
  readonly tty?: boolean
  readonly columns?: number
  /** Answers, each given when the text on stderr ends with a question. `null` ends the input. */
  readonly answers?: readonly (string | null)[]
  readonly signal?: AbortSignal
  /** The clock; the real time if absent. */
  readonly now?: () => number
  readonly crashed?: Promise<never>
  /** How the person started Slipway; `slipway` if absent. */
  readonly program?: string
  /** Replaces the real commands. */
  readonly commands?: readonly Command[]
}

/** The outcome of a run. */
export interface CliRun {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command line in this process, as bin.ts does, in surroundings that the test defines. */
export async function runCli(argv: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const { cwd = process.cwd(), env = {}, tty = false, columns, commands } = options
  const written = { stdout: '', stderr: '' }
  const answers = [...(options.answers ?? [])]
  const stdin = Object.assign(new PassThrough(), { isTTY: tty })
  const output = (name: 'stdout' | 'stderr') => ({
    isTTY: tty,
    ...(columns === undefined ? {} : { columns }),
    write(text: string) {
      written[name] += text
      if (name === 'stderr' && text.endsWith(' ')) answer(stdin, answers.shift())
    },
  })
  const host: Host = {
    cwd,
    env,
    stdin: () => stdin,
    stdout: output('stdout'),
    stderr: output('stderr'),
    files: {
      isFolder: async (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false,
      append: async (path, text) => appendFileSync(path, text),
    },
    now: options.now ?? Date.now,
    signal: options.signal ?? new AbortController().signal,
    crashed: options.crashed ?? new Promise<never>(() => undefined),
    program: () => options.program ?? 'slipway',
    version: () => '0.0.0-test',
  }
  return { exitCode: await run(argv, host, commands), ...written }
}

function answer(stdin: PassThrough, text: string | null | undefined): void {
  if (text === undefined) return
  if (text === null) stdin.end()
  else setImmediate(() => stdin.write(`${text}\n`))
}
