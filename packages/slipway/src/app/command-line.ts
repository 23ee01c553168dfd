import { ConnectionString } from '../kernel/index.ts'
import type { D1Location } from '../project/index.ts'

/** How a person named the project and its target; absent if they left it to the project. */
export interface TargetNames {
  /** Name of an environment. */
  readonly env?: string | undefined
  /** Connection string; it may hold a password. */
  readonly url?: string | undefined
  /** Which D1 database, as `--local` or `--remote`. */
  readonly location?: D1Location | undefined
  readonly cwd?: string | undefined
  readonly config?: string | undefined
  readonly schema?: string | undefined
}

/** What a suggested command needs, so that it hits the target of the command that suggests it. */
export interface CommandLineOptions {
  /** How the person starts Slipway: `npx slipway`. */
  readonly program: string
  readonly target: TargetNames
  /** The environment variables of the shell. */
  readonly variables: Readonly<Record<string, string | undefined>>
}

/** The placeholder variable for a connection string with a password, if no variable holds it. */
export const URL_VARIABLE = 'SLIPWAY_URL'

const NAMES = ['env', 'url', 'cwd', 'config', 'schema'] as const

/** Commands that work on no project. */
const WITHOUT_PROJECT = ['help', 'completion', 'engine']

/**
 * A command of Slipway as a person types it in a POSIX shell, such as
 * `npx slipway deploy --accept drift --env production`. It repeats what names the project and the target: the flags, and
 * the `SLIPWAY_` variables, which may have been set for one command alone. A connection string with a password is
 * never part of it: a variable that holds it is named in its place (`--url "$DATABASE_URL"`), or `$SLIPWAY_URL`.
 */
export function commandLine(args: readonly string[], options: CommandLineOptions): string {
  const words = args.map(quoteWord)
  return [options.program, ...words, ...targetWords(args, options)].join(' ')
}

/** Whether suggested commands name `$SLIPWAY_URL`, and the person has to set it. */
export function needsUrlVariable(options: CommandLineOptions): boolean {
  const { url } = namesOf(options)
  return url !== undefined && referenceTo(url, options) === undefined
}

function targetWords(args: readonly string[], options: CommandLineOptions): string[] {
  if (args.includes('--help') || WITHOUT_PROJECT.includes(args[0] ?? '')) return []
  const names = namesOf(options)
  const env = args.indexOf('--env')
  // A connection string belongs to the environment that was named with it.
  const ownTarget = args.includes('--url') || (env !== -1 && args[env + 1] !== names.env)
  const { location } = options.target
  const switches = location === undefined || ownTarget ? [] : [`--${location}`]
  const words = NAMES.flatMap((name) => {
    const value = names[name]
    if (value === undefined || args.includes(`--${name}`)) return []
    if (ownTarget && (name === 'env' || name === 'url')) return []
    const word =
      name === 'url' ? (referenceTo(value, options) ?? `"$${URL_VARIABLE}"`) : quoteWord(value)
    return [`--${name}`, word]
  })
  return [...words, ...switches.filter((word) => !args.includes(word))]
}

function namesOf({ target, variables }: CommandLineOptions): TargetNames {
  const named = (name: (typeof NAMES)[number]) => {
    if (target[name]) return target[name]
    // A flag for a D1 database comes before the variable.
    if (name === 'url' && target.location !== undefined) return undefined
    return name === 'cwd' ? undefined : variables[`SLIPWAY_${name.toUpperCase()}`] || undefined
  }
  return Object.fromEntries(NAMES.map((name) => [name, named(name)]))
}

/** A connection string as a word of a shell that shows no password; nothing if no variable holds it. */
function referenceTo(url: string, { variables }: CommandLineOptions): string | undefined {
  const holders = Object.keys(variables).filter(
    (name) => variables[name] === url && /^[A-Za-z_]\w*$/.test(name),
  )
  const usual = [URL_VARIABLE, 'DATABASE_URL'].find((name) => holders.includes(name))
  const holder = usual ?? holders.toSorted()[0]
  if (holder !== undefined) return `"$${holder}"`
  return String(new ConnectionString(url)) === url ? quoteWord(url) : undefined
}

/** As one word of a POSIX shell, with nothing in it expanded. */
function quoteWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
