import {
  type Command,
  type FlagSpec,
  type Group,
  type Positional,
  type Report,
  report,
  type Topic,
} from './command.ts'
import { GLOBAL_FLAGS } from './flags.ts'
import { findCommand, topicNamed } from './parse.ts'
import { type Block, heading, paragraph } from './view.ts'

/** The commands and the version that the help describes. */
export interface Manual {
  readonly commands: readonly Command[]
  readonly version: string
}

const GROUPS: readonly Group[] = ['start', 'look', 'change', 'deploy', 'recover', 'help']

/** Help of one command, or of all if none is named; fails like an unknown command. */
export function help(names: readonly string[], manual: Manual): Report {
  const name = names.join(' ')
  if (name === '') return overview(manual)
  const topic = topicNamed(name, manual.commands)
  if (topic) return topicReport(topic, manual)
  const command = findCommand(name, manual.commands)
  return report(commandData(command), commandHelp(command))
}

/** How a command is typed: `slipway create <name> [flags]`. */
function usageOf(command: Command): string {
  const words = command.positionals.map(positionalText)
  return ['slipway', command.name, ...words, '[flags]'].join(' ')
}

/** All commands on one screen of 24 lines and 80 columns. */
function overview({ commands, version }: Manual): Report {
  const entries = entriesOf(commands)
  const width = Math.max(...entries.map(({ usage }) => usage.length))
  const lines = GROUPS.flatMap((group) =>
    entries
      .filter((one) => one.group === group)
      .map(({ usage, summary }, index) => {
        const label = (index === 0 ? group : '').padEnd(8)
        return `${label} ${usage.padEnd(width)}  ${summary}`
      }),
  )
  const text = [
    `Slipway ${version}: deploy Prisma migrations and roll them back`,
    ...lines,
    ...flagSummary(),
  ].join('\n')
  const data = {
    commands: commands.map((one) => ({ name: one.name, group: one.group, summary: one.summary })),
  }
  return report(data, [{ kind: 'plain', text }])
}

interface Entry {
  /** `create <name>`, `kept <command>`. */
  readonly usage: string
  readonly group: Group
  readonly summary: string
}

/** Commands, with one entry for each topic. */
function entriesOf(commands: readonly Command[]): Entry[] {
  return commands.flatMap((one, index) => {
    const { topic, group, summary } = one
    if (!topic) return [{ usage: nameAndArguments(one), group, summary }]
    if (commands.findIndex((other) => other.topic === topic) < index) return []
    return [{ ...topic, usage: `${topic.name} <command>` }]
  })
}

function commandsOf(topic: Topic, commands: readonly Command[]): readonly Command[] {
  return commands.filter((one) => one.topic === topic)
}

function topicReport(topic: Topic, { commands }: Manual): Report {
  const own = commandsOf(topic, commands)
  const width = Math.max(...own.map((one) => nameAndArguments(one).length))
  const rows = own.map((one) => `  ${nameAndArguments(one).padEnd(width)}  ${one.summary}`)
  const data = { ...topic, commands: own.map(({ name, summary }) => ({ name, summary })) }
  return report(data, [
    plain([`slipway ${topic.name} <command> [flags]`]),
    paragraph(topic.details),
    heading('Commands'),
    plain(rows),
    paragraph(`\`slipway ${topic.name} <command> --help\` shows the flags of each.`),
  ])
}

/** `create <name>`, `rollback`. */
function nameAndArguments(command: Command): string {
  return [command.name, ...command.positionals.map(positionalText)].join(' ')
}

function positionalText({ name, required, repeated }: Positional): string {
  const word = `${name}${repeated ? '…' : ''}`
  return required ? `<${word}>` : `[${word}]`
}

/** The names of the global flags, wrapped at 80 columns. */
function flagSummary(): string[] {
  const lines: string[] = []
  let line = 'flags   '
  for (const name of Object.keys(GLOBAL_FLAGS)) {
    const word = `--${name}`
    if (line.length + 1 + word.length > 80) {
      lines.push(line)
      line = '        '
    }
    line += ` ${word}`
  }
  return [...lines, line]
}

function commandHelp(command: Command): Block[] {
  const flags = Object.entries(command.flags)
  const width = Math.max(
    ...[...flags, ...Object.entries<FlagSpec>(GLOBAL_FLAGS)].map(
      ([name, spec]) => flagText(name, spec).length,
    ),
    ...command.positionals.map((one) => positionalText(one).length),
  )
  const row = (word: string, text: string) => `  ${word.padEnd(width)}  ${text}`
  const listed = (specs: readonly (readonly [string, FlagSpec])[]) =>
    plain(specs.map(([name, spec]) => row(flagText(name, spec), spec.summary)))
  const codes = Object.entries(command.exitCodes)
  const positionals = command.positionals.map((one) => row(positionalText(one), one.summary))
  return [
    plain([usageOf(command)]),
    paragraph(command.details),
    ...(positionals.length > 0 ? [heading('Arguments'), plain(positionals)] : []),
    ...(flags.length > 0 ? [heading('Flags'), listed(flags)] : []),
    heading('Flags of every command'),
    listed(Object.entries<FlagSpec>(GLOBAL_FLAGS)),
    heading('Examples'),
    plain(command.examples.flatMap((one) => [`  ${one.command}`, `      ${one.what}`])),
    heading('Exit codes'),
    plain(codes.map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`)),
  ]
}

/** `-y, --yes`, `--env <name>`. */
function flagText(name: string, spec: FlagSpec): string {
  const short = spec.short ? `-${spec.short}, ` : ''
  return `${short}--${name}${spec.kind === 'switch' ? '' : ` ${spec.value}`}`
}

function commandData({
  name,
  group,
  summary,
  details,
  positionals,
  flags,
  examples,
  exitCodes,
}: Command): object {
  return { name, group, summary, details, positionals, flags, examples, exitCodes }
}

function plain(lines: readonly string[]): Block {
  return { kind: 'plain', text: lines.join('\n') }
}
