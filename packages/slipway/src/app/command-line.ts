import { ConnectionString } from '../kernel/index.ts'
import type { D1Location } from '../project/index.ts'

/** How the user selected the project and its target; absent if the project decides. */
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

/** The data with which a suggested command selects the same target as the current command. */
export interface CommandLineOptions {
  /** How the user starts Slipway: `npx slipway`. */
  readonly program: string
  readonly target: TargetNames
  /** The environment variables of the shell. */
  readonly variables: Readonly<Record<string, string | undefined>>
}

/** The placeholder variable for a connection string with a password, if no variable holds it. */
export const URL_VARIABLE = 'SLIPWAY_URL'

const NAMES = ['env', 'url', 'cwd', 'config', 'schema'] as const

/** Commands that need no project. */
const WITHOUT_PROJECT = ['help', 'completion', 'engine']

/**
 * The text of a Slipway command for a POSIX shell, such as `npx slipway deploy --env production`. It repeats
 * everything that selects the project and the target: the flags, and the `SLIPWAY_` variables, which may
 * have been set for only one command. It never contains a connection string with a password, but a variable
 * that holds it (`--url "$DATABASE_URL"`), or `$SLIPWAY_URL`.
 */
export function commandLine(args: readonly string[], options: CommandLineOptions): string {
  const words = args.map(quoteWord)
  return [options.program, ...words, ...targetWords(args, options)].join(' ')
}

/** Whether suggested commands use `$SLIPWAY_URL`, which the user must set first. */
export function needsUrlVariable(options: CommandLineOptions): boolean {
  const { url } = namesOf(options)
  return url !== undefined && referenceTo(url, options) === undefined
}

function targetWords(args: readonly string[], options: CommandLineOptions): string[] {
  if (args.includes('--help') || WITHOUT_PROJECT.includes(args[0] ?? '')) return []
  const names = namesOf(options)
  const env = args.indexOf('--env')
  // A connection string belongs to the environment that was given with it.
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
    // A flag for a D1 database takes precedence over the variable.
    if (name === 'url' && target.location !== undefined) return undefined
    return name === 'cwd' ? undefined : variables[`SLIPWAY_${name.toUpperCase()}`] || undefined
  }
  return Object.fromEntries(NAMES.map((name) => [name, named(name)]))
}

/** A connection string as a shell word; undefined if it has a password and no variable holds it. */
function referenceTo(url: string, { variables }: CommandLineOptions): string | undefined {
  const holders = Object.keys(variables).filter(
    (name) => variables[name] === url && /^[A-Za-z_]\w*$/.test(name),
  )
  const usual = [URL_VARIABLE, 'DATABASE_URL'].find((name) => holders.includes(name))
  const holder = usual ?? holders.toSorted()[0]
  if (holder !== undefined) return `"$${holder}"`
  return String(new ConnectionString(url)) === url ? quoteWord(url) : undefined
}

/** Quotes a text as one POSIX shell word without expansion. */
function quoteWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
