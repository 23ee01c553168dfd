import type { Failure, NextAction } from '../kernel/index.ts'

/** The arguments of a method, in the form of a command line. */
interface CommandArguments {
  /** The name of the command: `rollback`. */
  readonly command: string
  readonly positionals: readonly string[]
  /** Each flag with its value. */
  readonly flags: readonly (readonly string[])[]
  readonly accept: readonly string[]
}

/** The options that the same command needs again. */
interface Repeatable {
  readonly name?: string | undefined
  readonly accept?: readonly string[] | undefined
  readonly confirm?: string | undefined
  readonly plan?: string | undefined
  readonly noKeep?: boolean | undefined
  readonly noSeed?: boolean | undefined
  readonly steps?: number | undefined
  readonly to?: string | undefined
  readonly from?: string | undefined
  readonly fill?: readonly string[] | undefined
  readonly identity?: string | undefined
}

/** Commands whose failures suggest the same command with an additional flag. */
const REPEATED = ['deploy', 'rollback', 'squash', 'baseline', 'repair', 'reset', 'dev']

/**
 * Completes suggestions of the same command in a failure with the caller's arguments: the selected
 * migrations, what was accepted and confirmed. Otherwise `rollback --to a` would suggest a rollback of one
 * migration.
 */
export function completeSuggestions(failure: Failure, method: string, options: unknown): Failure {
  if (!REPEATED.includes(method)) return failure
  const given = argumentsOf(method, options ?? {}, failure)
  return { ...failure, nextActions: failure.nextActions.map((one) => completeAction(one, given)) }
}

function argumentsOf(command: string, options: Repeatable, { code }: Failure): CommandArguments {
  const { name, accept = [], confirm, plan, noKeep, noSeed, steps, to, from, identity } = options
  const { fill = [] } = options
  const flag = (key: string, value: string | number | undefined) =>
    value === undefined ? [] : [[key, String(value)]]
  return {
    command,
    positionals: name === undefined ? [] : [name],
    flags: [
      ...flag('--steps', steps),
      ...flag('--from', from),
      ...flag('--to', to),
      // Applied migrations are no longer part of the plan.
      ...flag('--plan', code === 'DEPLOY.INCOMPLETE' ? undefined : plan),
      ...fill.flatMap((value) => flag('--fill', value)),
      ...flag('--identity', identity),
      ...(noKeep ? [['--no-keep']] : []),
      ...(noSeed ? [['--no-seed']] : []),
      ...flag('--confirm', confirm),
    ],
    accept,
  }
}

function completeAction(
  action: NextAction,
  { command, positionals, flags, accept }: CommandArguments,
): NextAction {
  if (action.kind !== 'slipway') return action
  // `dev` writes migrations as `create` does.
  const same = action.args[0] === command || (command === 'dev' && action.args[0] === 'create')
  if (!same) return action
  const [, ...words] = withAccepted(action.args, accept)
  const has = (flag = '') => words.includes(flag)
  const extent = has('--steps') || has('--to')
  const more = flags.filter(
    ([flag]) => !has(flag) && !(extent && ['--steps', '--to'].includes(flag ?? '')),
  )
  const named = positionals.filter((name) => !words.includes(name))
  return { ...action, args: [command, ...named, ...words, ...more.flat()] }
}

function withAccepted(args: readonly string[], accept: readonly string[]): readonly string[] {
  if (accept.length === 0) return args
  const at = args.indexOf('--accept')
  const own = at === -1 ? [] : (args[at + 1] ?? '').split(',')
  const all = [...new Set([...accept, ...own])].join(',')
  return at === -1 ? [...args, '--accept', all] : args.with(at + 1, all)
}
