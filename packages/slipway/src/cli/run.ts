import path from 'node:path'
import {
  commandLine,
  type CommandLineOptions,
  type D1Location,
  errorOf,
  openProject,
  type Slipway,
} from '../app/index.ts'
import { failureOf, must } from '../kernel/index.ts'
import { bugReport, traceOf } from './bug.ts'
import {
  type Command,
  type Context,
  type Report,
  report,
  type Screen,
  type TargetFlags,
} from './command.ts'
import { COMMANDS } from './commands.ts'
import { exitCodeOf } from './exit-code.ts'
import { raise } from './failures.ts'
import { type Flags, type FlagValue, flagsFrom, GLOBAL_FLAGS } from './flags.ts'
import type { Host } from './host.ts'
import { presentReport } from './next-actions.ts'
import {
  type CommandLine,
  findCommand,
  readArguments,
  readCommandLine,
  readFlags,
  topicNamed,
} from './parse.ts'
import { styleFor } from './render/style.ts'
import { createProgress, type Progress } from './terminal/progress.ts'
import { createPrompter, isInteractive, type Prompter } from './terminal/prompt.ts'
import {
  drawReport,
  type OutputOptions,
  outputOptionsOf,
  writeReport,
  writeSummary,
  writeTrace,
} from './write.ts'

/**
 * Runs one command line and returns its exit code. Never throws: an error becomes a failure or a bug
 * in the report, which is written once, in the requested format.
 */
export async function run(
  argv: readonly string[],
  host: Host,
  commands: readonly Command[] = COMMANDS,
): Promise<number> {
  const line = readCommandLine(argv, commands)
  const output = outputOptionsOf(line, host)
  const { stderr, env, now } = host
  const progress = createProgress(output.progress, { stderr, style: styleFor(stderr, env), now })
  const ran = await outcomeOf({ line, commands, host, output, progress })
  progress.stop()
  const exitCode = await exitCodeOf(ran.report, host.signal)
  const writing = { host, output, command: ran.command, exitCode }
  const presented = presentReport(ran.report, commandLineOptions(line, host))
  await writeReport(presented, writing)
  await writeSummary(presented, writing)
  const error = ran.error ?? errorOf(ran.report.failure)
  if (output.verbose && error !== undefined) writeTrace(traceOf(error), host, output)
  return exitCode
}

interface Call {
  readonly line: CommandLine
  readonly commands: readonly Command[]
  readonly host: Host
  readonly output: OutputOptions
  readonly progress: Progress
}

interface Outcome {
  readonly command: string | null
  readonly report: Report
  /** The thrown error, for `--verbose`. */
  readonly error?: unknown
}

async function outcomeOf(call: Call): Promise<Outcome> {
  const { line, commands, host } = call
  let name: string | null = null
  try {
    const command = requestedCommand(call)
    name = command?.name ?? 'version'
    const values = readFlags(line, command, commands)
    const work = command ? handle(command, values, call) : Promise.resolve(versionReport(host))
    const endings = [work, host.crashed, ...(command?.interruptible ? [aborted(host.signal)] : [])]
    return { command: name, report: await Promise.race(endings) }
  } catch (error) {
    const failure = failureOf(error)
    if (!failure) return { command: name, report: bugReport(error), error }
    const shown =
      failure.code === 'CLI.COMMAND_MISSING'
        ? await helpReport(line.name === undefined ? [] : [line.name], call)
        : report({}, [])
    return { command: name, report: { ...shown, failure }, error }
  }
}

/** Rejects with the reason of the signal. */
async function aborted(signal: AbortSignal): Promise<never> {
  return await new Promise((_resolve, reject) => {
    const end = () => reject(must(signal.reason, 'reason of the signal'))
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
}

/** The command of the line. `--help` alone is the command `help`; `--version` alone has none. */
function requestedCommand({ line, commands }: Call): Command | undefined {
  const has = (name: string) => line.options.some((option) => option.name === name)
  if (line.name === undefined && has('help')) return findCommand('help', commands)
  if (line.name === undefined && has('version')) return undefined
  if (has('help') && topicNamed(line.name, commands)) return findCommand('help', commands)
  return findCommand(line.name, commands)
}

async function handle(
  command: Command,
  values: ReadonlyMap<string, FlagValue>,
  call: Call,
): Promise<Report> {
  const { line, host } = call
  if (values.has('help')) return await helpReport(requestedHelp(command, line), call)
  if (values.has('version')) return versionReport(host)
  const format = values.get('format')
  if (values.has('json') && format !== undefined && format !== 'json') {
    const message = `\`--json\` and \`--format ${String(format)}\` cannot be used together.`
    raise('CLI.FLAG_CONFLICT', { message })
  }
  const args = readArguments(line, command)
  const flags = flagsFrom({ ...GLOBAL_FLAGS, ...command.flags }, values)
  const context = await contextOf(flags, values, call)
  host.signal.throwIfAborted()
  const handler = await command.load()
  return await handler(context, { args, flags })
}

/** The subject of the help: all commands for `slipway --help`, the topic for `slipway kept --help`. */
function requestedHelp(command: Command, line: CommandLine): readonly string[] {
  if (command.name !== 'help') return [command.name]
  return line.name === undefined || line.name === 'help' ? line.args : [line.name]
}

async function helpReport(names: readonly string[], { commands, host }: Call): Promise<Report> {
  const { help } = await import('./help.ts')
  return help(names, { commands, version: host.version() })
}

function versionReport(host: Host): Report {
  const version = host.version()
  return report({ version }, [{ kind: 'plain', text: version }])
}

async function contextOf(
  flags: Flags,
  values: ReadonlyMap<string, FlagValue>,
  { line, host, progress, output }: Call,
): Promise<Context> {
  const { env, stdin, stderr, files, signal } = host
  const prompt = createPrompter({
    stdin,
    stderr,
    style: styleFor(stderr, env),
    interactive: isInteractive(host, flags.on('no-interactive')),
    yes: flags.on('yes'),
    signal,
    before: progress.clear,
  })
  const cwd = path.resolve(host.cwd, flags.text('cwd') ?? '.')
  if (!(await files.isFolder(cwd))) {
    raise('CLI.FOLDER_NOT_FOUND', { message: `There is no folder ${cwd}.` })
  }
  return {
    cwd,
    env,
    stderr,
    signal,
    emit: progress.emit,
    prompt,
    screen: screenOf(line, host, output),
    yes: flags.on('yes'),
    target: targetOf(values),
    slipway: await openTarget({ cwd, host, progress, prompt }, targetOf(values)),
    confirm: flags.text('confirm'),
    commandLine: (args) => commandLine(args, commandLineOptions(line, host)),
    version: host.version(),
  }
}

function screenOf(line: CommandLine, host: Host, output: OutputOptions): Screen | undefined {
  if (output.format !== 'human' || host.stdout.isTTY !== true) return undefined
  return {
    draw: (shown) => drawReport(presentReport(shown, commandLineOptions(line, host)), host),
  }
}

/** The options that suggested commands repeat. The line may be invalid: its failures suggest commands, too. */
function commandLineOptions({ options }: CommandLine, host: Host): CommandLineOptions {
  const flag = (name: string) => options.findLast((one) => one.name === name)?.value
  const target = {
    env: flag('env'),
    url: flag('url'),
    location: locationOf(options.map(({ name }) => name)),
    cwd: flag('cwd'),
    config: flag('config'),
    schema: flag('schema'),
  }
  return { program: host.program(), target, variables: host.env }
}

interface Opening {
  readonly cwd: string
  readonly host: Host
  readonly progress: Progress
  readonly prompt: Prompter
}

/** The use cases of the project that the flags select. Prompts for consent on a terminal. */
async function openTarget(
  { cwd, host, progress, prompt }: Opening,
  { env: environment, ...names }: TargetFlags,
): Promise<Slipway> {
  const { env, signal, now } = host
  return await openProject({
    cwd,
    ...names,
    environment,
    env,
    signal,
    now,
    onEvent: progress.emit,
    ...(prompt.interactive ? { askConsent: prompt.typeName } : {}),
  })
}

function targetOf(values: ReadonlyMap<string, FlagValue>): TargetFlags {
  const names = ['env', 'url', 'config', 'schema'] as const
  const location = locationOf([...values.keys()])
  return {
    ...Object.fromEntries(
      names.filter((name) => values.has(name)).map((name) => [name, values.get(name)]),
    ),
    ...(location === undefined ? {} : { location }),
  }
}

function locationOf(flags: readonly string[]): D1Location | undefined {
  return (['local', 'remote'] as const).find((name) => flags.includes(name))
}
