import { parseArgs } from 'node:util'
import {
  advice,
  command as run,
  looksLikeConnectionString,
  must,
  suggest,
} from '../kernel/index.ts'
import type { Command, FlagSpec, Topic } from './command.ts'
import { raise } from './failures.ts'
import { type FlagValue, GLOBAL_FLAGS } from './flags.ts'

/** A command line split into its parts, not yet validated. Splitting never fails. */
export interface CommandLine {
  /** The command's name: the first word that is not a flag, and the next one if the first is a topic. */
  readonly name: string | undefined
  readonly args: readonly string[]
  readonly options: readonly Option[]
}

/** A flag as it was typed. */
interface Option {
  readonly name: string
  /** With its dashes, for messages. */
  readonly typed: string
  readonly value: string | undefined
  /** Whether the value was attached with `=`. */
  readonly inline: boolean
}

type Specs = Readonly<Record<string, FlagSpec>>

/**
 * Splits a command line into its parts. It uses the flags of all commands, so that a flag's value is
 * never mistaken for the command, wherever the flag is. Once the command is found, its own
 * declaration of a flag takes precedence.
 */
export function readCommandLine(
  argv: readonly string[],
  commands: readonly Command[],
): CommandLine {
  const line = readWith(argv, commands)
  const command = commands.find(({ name }) => name === line.name)
  return command ? readWith(argv, [...commands, command]) : line
}

/** If several commands declare a flag, the declaration of the last one applies. */
function readWith(argv: readonly string[], commands: readonly Command[]): CommandLine {
  const specs: Specs = Object.assign({}, ...commands.map((one) => one.flags), GLOBAL_FLAGS)
  const options = Object.entries(specs).map(([name, spec]) => {
    const type = spec.kind === 'switch' ? ('boolean' as const) : ('string' as const)
    return [name, { type, ...(spec.short ? { short: spec.short } : {}) }] as const
  })
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(options),
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  const words = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []))
  const length = topicNamed(words[0], commands) && words.length > 1 ? 2 : 1
  return {
    name: words.length === 0 ? undefined : words.slice(0, length).join(' '),
    args: words.slice(length),
    options: tokens.flatMap((token) =>
      token.kind === 'option'
        ? [
            {
              name: token.name,
              typed: token.rawName,
              value: token.value,
              inline: token.inlineValue === true,
            },
          ]
        : [],
    ),
  }
}

/** The command of that name. Fails with CLI.COMMAND_MISSING or CLI.UNKNOWN_COMMAND, with the nearest name. */
export function findCommand(name: string | undefined, commands: readonly Command[]): Command {
  const help = run(['--help'], 'all commands')
  if (name === undefined) {
    raise('CLI.COMMAND_MISSING', { message: 'Slipway needs a command.' })
  }
  const found = commands.find((one) => one.name === name)
  if (found) return found
  for (const word of name.split(' ')) refuseConnectionString(word, 'in place of a command')
  const topic = topicNamed(name.split(' ')[0], commands)
  if (topic) refuseAction(name, topic, commands)
  const near = suggest(
    name,
    commands.map((one) => one.topic?.name ?? one.name),
  )
  raise('CLI.UNKNOWN_COMMAND', {
    message: `Slipway has no command \`${name}\`.`,
    ...(near ? { why: `Did you mean \`${near}\`?` } : {}),
    nextActions: near ? [run([near, '--help'], 'the nearest command'), help] : [help],
  })
}

/** The topic of that name, if there is one. */
export function topicNamed(
  name: string | undefined,
  commands: readonly Command[],
): Topic | undefined {
  return commands.find(({ topic }) => topic?.name === name)?.topic
}

function refuseAction(name: string, topic: Topic, commands: readonly Command[]): never {
  const actions = commands
    .filter((one) => one.topic?.name === topic.name)
    .map((one) => one.name.slice(topic.name.length + 1))
  const why = `Its subcommands are ${actions.join(', ')}.`
  const nextActions = [run([topic.name, '--help'], 'what each of them does')]
  if (name === topic.name) {
    const message = `\`slipway ${name}\` needs a subcommand.`
    raise('CLI.COMMAND_MISSING', { message, why, nextActions })
  }
  const near = suggest(name.slice(topic.name.length + 1), actions)
  raise('CLI.UNKNOWN_COMMAND', {
    message: `Slipway has no command \`${name}\`.`,
    why: near ? `Did you mean \`${topic.name} ${near}\`?` : why,
    nextActions,
  })
}

/** Refuses a connection string: it may hold a password, and would become a name or part of a message. */
function refuseConnectionString(text: string, place: string): void {
  if (!looksLikeConnectionString(text)) return
  raise('CLI.CONNECTION_STRING', {
    message: `A connection string was given ${place}.`,
    why: 'It may hold a password, so it is not repeated here. Nothing was read or written.',
    nextActions: [advice('Pass a connection string with --url, or set DATABASE_URL.')],
  })
}

/** The validated flags. Fails with CLI.UNKNOWN_FLAG, CLI.FLAG_VALUE or CLI.FLAG_CONFLICT. */
export function readFlags(
  line: CommandLine,
  command: Command | undefined,
  commands: readonly Command[],
): ReadonlyMap<string, FlagValue> {
  const specs: Specs = { ...GLOBAL_FLAGS, ...command?.flags }
  const values = new Map<string, FlagValue>()
  for (const option of line.options) {
    const spec = specs[option.name] ?? unknownFlag(option, { command, specs, commands })
    values.set(option.name, readValue(option, spec, values.get(option.name)))
  }
  for (const name of values.keys()) {
    const other = specs[name]?.conflicts?.find((one) => values.has(one))
    if (other) {
      const message = `\`--${name}\` and \`--${other}\` cannot be used together.`
      raise('CLI.FLAG_CONFLICT', { message })
    }
  }
  return values
}

/** The validated positional arguments. Fails with CLI.ARGUMENT_MISSING or CLI.ARGUMENT_UNEXPECTED. */
export function readArguments(line: CommandLine, command: Command): readonly string[] {
  const help = [run([...command.name.split(' '), '--help'], 'how it is used')]
  for (const word of line.args) {
    refuseConnectionString(word, `as an argument of \`slipway ${command.name}\``)
  }
  const missing = command.positionals.find(
    (one, index) => one.required && line.args[index] === undefined,
  )
  if (missing) {
    const message = `\`slipway ${command.name}\` needs <${missing.name}>: ${missing.summary}.`
    raise('CLI.ARGUMENT_MISSING', { message, nextActions: help })
  }
  for (const [index, word] of line.args.entries()) {
    const last = command.positionals.at(-1)
    const positional = command.positionals[index] ?? (last?.repeated ? last : undefined)
    if (positional && (positional.choices?.includes(word) ?? true)) continue
    const near = positional?.choices && suggest(word, positional.choices)
    raise('CLI.ARGUMENT_UNEXPECTED', {
      message: `\`slipway ${command.name}\` does not accept the argument \`${word}\`.`,
      ...(positional?.choices
        ? {
            why: `${near ? `Did you mean \`${near}\`? ` : ''}It accepts ${positional.choices.join(', ')}.`,
          }
        : {}),
      nextActions: help,
    })
  }
  return line.args
}

interface Known {
  readonly command: Command | undefined
  readonly specs: Specs
  readonly commands: readonly Command[]
}

function unknownFlag(option: Option, { command, specs, commands }: Known): never {
  const having = commands.filter((one) => one.flags[option.name] !== undefined)
  const siblings = having.filter(({ topic }) => topic && topic === command?.topic)
  const owners = siblings.length > 0 ? siblings : having
  const near = suggest(option.name, Object.keys(specs))
  const owned = `It belongs to ${owners.map((one) => `\`slipway ${one.name}\``).join(', ')}.`
  const meant = near === undefined ? undefined : `Did you mean \`--${near}\`?`
  const why = owners.length > 0 ? owned : meant
  const words = command ? command.name.split(' ') : []
  const whole = ['slipway', ...words].join(' ')
  raise('CLI.UNKNOWN_FLAG', {
    message: `\`${whole}\` has no flag \`${option.typed}\`.`,
    ...(why ? { why } : {}),
    nextActions: [run([...words, '--help'], 'its flags')],
  })
}

function readValue(option: Option, spec: FlagSpec, earlier: FlagValue | undefined): FlagValue {
  const { typed, value, inline } = option
  const refuse = (message: string): never => raise('CLI.FLAG_VALUE', { message })
  if (spec.kind === 'switch') {
    return value === undefined ? true : refuse(`\`${typed}\` does not accept a value.`)
  }
  const mayConnect = spec.kind === 'text' && spec.connection === true
  if (!mayConnect && value !== undefined)
    refuseConnectionString(value, `as the value of \`${typed}\``)
  // A word that begins with a dash is more likely the next flag than the value of this one.
  if (value === undefined || (!inline && value.length > 1 && value.startsWith('-'))) {
    return refuse(`\`${typed}\` needs a value: \`${typed} ${spec.value}\`.`)
  }
  if (spec.kind === 'list') {
    const more = spec.whole ? [value] : split(value)
    return [...((earlier as string[] | undefined) ?? []), ...more]
  }
  if (value === '') return refuse(`The value of \`${typed}\` is empty.`)
  // Two different values are refused, because the user may mean either.
  if (earlier !== undefined && earlier !== value) return refuse(`\`${typed}\` is given twice.`)
  if (spec.kind === 'number')
    return readNumber(value, spec.min) ?? refuse(notANumber(typed, value, spec.min))
  if (spec.kind === 'choice' && !spec.choices.includes(value)) {
    const near = suggest(value, spec.choices)
    const meant = near ? ` Did you mean \`${near}\`?` : ''
    return refuse(`\`${typed}\` accepts ${spec.choices.join(', ')}, not \`${value}\`.${meant}`)
  }
  return value
}

function split(value: string): string[] {
  return value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

function readNumber(value: string, min: number): number | undefined {
  const number = /^\d{1,9}$/.test(value) ? Number(value) : undefined
  return number !== undefined && number >= min ? number : undefined
}

function notANumber(typed: string, value: string, min: number): string {
  return `\`${typed}\` needs an integer of at least ${min}, not \`${value}\`.`
}

/**
 * The format that the command line requests, found even if the rest of it is invalid: a script that
 * requests JSON gets its failure as JSON.
 */
export function requestedFormat(line: CommandLine): string | undefined {
  // Also if the flag before it has no value and has consumed it.
  const isJson = ({ name, value, inline }: Option) =>
    name === 'json' || (!inline && value === '--json')
  if (line.options.some(isJson)) return 'json'
  const asked = line.options.filter((one) => one.name === 'format')
  return asked.length === 0 ? undefined : must(asked.at(-1), 'format').value
}
