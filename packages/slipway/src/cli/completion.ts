import { invariant } from '../kernel/index.ts'
import type { Command, FlagSpec } from './command.ts'
import { GLOBAL_FLAGS } from './flags.ts'

/** A script that completes commands, flags, and flag values that are a choice or a path. */
export function completionScript(shell: string, commands: readonly Command[]): string {
  switch (shell) {
    case 'bash':
      return bash(commands)
    case 'zsh':
      return zsh(commands)
    default:
      invariant(shell === 'fish', `a completion for ${shell}`)
      return fish(commands)
  }
}

interface TopicWords {
  readonly name: string
  readonly summary: string
  readonly actions: readonly { readonly action: string; readonly command: Command }[]
}

function topicsOf(commands: readonly Command[]): readonly TopicWords[] {
  const topics = [...new Set(commands.flatMap(({ topic }) => topic ?? []))]
  return topics.map((topic) => ({
    name: topic.name,
    summary: topic.summary,
    actions: commands
      .filter((one) => one.topic === topic)
      .map((command) => ({ action: lastWord(command), command })),
  }))
}

function firstWords(commands: readonly Command[]): readonly string[] {
  return [...new Set(commands.map(({ name, topic }) => topic?.name ?? name))]
}

function lastWord({ name }: Command): string {
  return name.split(' ').at(-1) ?? name
}

type NamedFlag = readonly [name: string, spec: FlagSpec]

const globals: readonly NamedFlag[] = Object.entries<FlagSpec>(GLOBAL_FLAGS)

function flagsOf(command: Command): readonly NamedFlag[] {
  return [...Object.entries(command.flags), ...globals]
}

function words([name, { short }]: NamedFlag): readonly string[] {
  return short ? [`--${name}`, `-${short}`] : [`--${name}`]
}

function bash(commands: readonly Command[]): string {
  const cases = commands.map((command) => {
    const flags = flagsOf(command).flatMap(words)
    const choices = command.positionals.flatMap((one) => one.choices ?? [])
    return `    '${command.name}') words='${[...choices, ...flags].join(' ')}' ;;`
  })
  const topics = topicsOf(commands)
  const topicCases = topics.map(
    ({ name, actions }) =>
      `    ${name}) words='${actions.map(({ action }) => action).join(' ')}' ;;`,
  )
  const all = uniqueFlags(commands)
  const valued = all.filter(([, spec]) => spec.kind !== 'switch')
  const values = valued.map(
    (flag) => `    ${words(flag).join('|')}) ${bashValues(flag[1])}; return ;;`,
  )
  return `# Completion of slipway for bash. In ~/.bashrc: source <(slipway completion bash)
_slipway() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local command='' words='' skip='' word
  COMPREPLY=()
  case "$previous" in
${values.join('\n')}
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ -n $skip ]]; then skip=''; continue; fi
    case "$word" in
      ${valued.flatMap(words).join('|')}) skip=yes ;;
      -*) ;;
      *)
        if [[ -n $command ]]; then command="$command $word"; break; fi
        command="$word"
        [[ ' ${topics.map(({ name }) => name).join(' ')} ' == *" $word "* ]] || break ;;
    esac
  done
  case "$command" in
    '') words='${[...firstWords(commands), ...globals.flatMap(words)].join(' ')}' ;;
${[...topicCases, ...cases].join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _slipway slipway
`
}

function bashValues(spec: FlagSpec): string {
  if (spec.kind === 'choice')
    return `COMPREPLY=($(compgen -W '${spec.choices.join(' ')}' -- "$current"))`
  if (spec.kind === 'text' && spec.completes) {
    return `COMPREPLY=($(compgen -${spec.completes === 'folder' ? 'd' : 'f'} -- "$current"))`
  }
  return ':'
}

function zsh(commands: readonly Command[]): string {
  const topics = topicsOf(commands)
  const plain = commands.filter(({ topic }) => !topic)
  const described = [...plain, ...topics].map(
    (one) => `    ${quote(`${one.name}:${one.summary.replaceAll(':', String.raw`\:`)}`)}`,
  )
  const cases = [
    ...plain.map((command) => zshCase(command.name, command)),
    ...topics.map(({ name, actions }) => {
      const inner = actions.map(({ action, command }) => zshCase(action, command))
      const list = actions.map(({ action }) => action).join(' ')
      return `    ${name})
      if (( CURRENT == 2 )); then compadd ${list}; return; fi
      shift words; (( CURRENT-- ))
      case $words[1] in
${inner.join('\n')}
      esac ;;`
    }),
  ]
  return `#compdef slipway
# Completion of slipway for zsh. In ~/.zshrc, after compinit: source <(slipway completion zsh)
_slipway_commands() {
  local -a commands=(
${described.join('\n')}
  )
  _describe 'command' commands
}
_slipway() {
  local context state line
  _arguments -C ${globals.flatMap(zshFlag).join(' \\\n    ')} \\
    '1: :_slipway_commands' '*:: :->arguments'
  [[ $state == arguments ]] || return
  case $line[1] in
${cases.join('\n')}
  esac
}
compdef _slipway slipway
`
}

function zshCase(word: string, command: Command): string {
  const lines = [...flagsOf(command).flatMap(zshFlag), ...command.positionals.map(zshPositional)]
  return `    ${word})\n      _arguments ${lines.join(' \\\n        ')} ;;`
}

function zshFlag(flag: NamedFlag): readonly string[] {
  const [, spec] = flag
  const summary = spec.summary.replaceAll(/[[\]:]/g, String.raw`\$&`)
  return words(flag).map((word) => quote(`${word}[${summary}]${zshValue(spec)}`))
}

function zshValue(spec: FlagSpec): string {
  if (spec.kind === 'switch') return ''
  if (spec.kind === 'choice') return `:value:(${spec.choices.join(' ')})`
  if (spec.kind === 'text' && spec.completes)
    return `:path:${spec.completes === 'folder' ? '_files -/' : '_files'}`
  return ':value: '
}

function zshPositional(positional: Command['positionals'][number]): string {
  const action = positional.choices ? `(${positional.choices.join(' ')})` : ' '
  return quote(`${positional.repeated ? '*' : ''}:${positional.name}:${action}`)
}

function fish(commands: readonly Command[]): string {
  const names = firstWords(commands).join(' ')
  const topics = topicsOf(commands)
  const begun = topics.map(({ name, summary }) => {
    const none = quote(`not __fish_seen_subcommand_from ${names}`)
    return `complete -c slipway -n ${none} -a ${name} -d ${quote(summary)}`
  })
  const lines = commands.flatMap((command) => {
    const inside = `-n ${quote(fishInside(command, topics))}`
    const choices = command.positionals.flatMap((one) => one.choices ?? [])
    return [
      `complete -c slipway -n ${quote(fishBefore(command, names, topics))} -a ${lastWord(command)} -d ${quote(command.summary)}`,
      ...(choices.length > 0
        ? [`complete -c slipway ${inside} -a ${quote(choices.join(' '))}`]
        : []),
      ...Object.entries(command.flags).map(
        (flag) => `complete -c slipway ${inside} ${fishFlag(flag)}`,
      ),
    ]
  })
  return `# Completion of slipway for fish. In config.fish: slipway completion fish | source
complete -c slipway -f
${globals.map((flag) => `complete -c slipway ${fishFlag(flag)}`).join('\n')}
${[...begun, ...lines].join('\n')}
`
}

/** The fish condition under which the command itself is completed. */
function fishBefore({ topic }: Command, names: string, topics: readonly TopicWords[]): string {
  if (!topic) return `not __fish_seen_subcommand_from ${names}`
  const own = topics.find(({ name }) => name === topic.name)
  const actions = own?.actions.map(({ action }) => action).join(' ') ?? ''
  return `__fish_seen_subcommand_from ${topic.name}; and not __fish_seen_subcommand_from ${actions}`
}

/** The fish condition for completing its flags. `status` is also the second word of `seed status`. */
function fishInside({ name, topic }: Command, topics: readonly TopicWords[]): string {
  const seen = name.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`)
  const others = topic ? [] : topics.map((one) => `not __fish_seen_subcommand_from ${one.name}`)
  return [...seen, ...others].join('; and ')
}

function fishFlag([name, spec]: NamedFlag): string {
  const short = spec.short ? ` -s ${spec.short}` : ''
  return `-l ${name}${short}${fishValue(spec)} -d ${quote(spec.summary)}`
}

function fishValue(spec: FlagSpec): string {
  if (spec.kind === 'switch') return ''
  if (spec.kind === 'choice') return ` -x -a ${quote(spec.choices.join(' '))}`
  return spec.kind === 'text' && spec.completes ? ' -r -F' : ' -x'
}

/** Each flag once: a name means the same in every command. */
function uniqueFlags(commands: readonly Command[]): readonly NamedFlag[] {
  return [...new Map(commands.flatMap(flagsOf))]
}

/** Quotes a text as one shell word without expansion. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
