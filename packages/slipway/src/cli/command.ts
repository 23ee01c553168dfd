import type { D1Location, ResultFinding, Slipway } from '../app/index.ts'
import type { Emit, Failure, NextAction } from '../kernel/index.ts'
import type { Flags } from './flags.ts'
import type { Output } from './host.ts'
import type { Prompter } from './terminal/prompt.ts'
import type { Block } from './view.ts'

/** Exit codes as docs/decisions/0005-exit-codes-and-json.md lists them. 1 is a bug in Slipway. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 130 | 143

/** The group of a command in `slipway --help`, which lists the groups in this order. */
export type Group = 'start' | 'look' | 'change' | 'deploy' | 'recover' | 'help'

/** A flag as data. Names have no dashes. A name means the same kind everywhere, except `write` and `from`. */
export type FlagSpec = {
  readonly summary: string
  readonly short?: string
  /** Names of flags that cannot be combined with it. */
  readonly conflicts?: readonly string[]
} & (
  | { readonly kind: 'switch' }
  /** `value` is the placeholder in the help: `<name>`. */
  | {
      readonly kind: 'text'
      readonly value: string
      readonly completes?: 'file' | 'folder'
      /** Its value may be a connection string. All other flags refuse one. */
      readonly connection?: true
    }
  /** A whole number of at least `min`. */
  | { readonly kind: 'number'; readonly value: string; readonly min: number }
  /** May be given several times, or once with commas. */
  | {
      readonly kind: 'list'
      readonly value: string
      /** Each use gives one value, which may contain commas. */
      readonly whole?: true
    }
  | { readonly kind: 'choice'; readonly value: string; readonly choices: readonly string[] }
)

/** A positional argument. A repeated one takes all remaining words. */
export interface Positional {
  readonly name: string
  readonly summary: string
  readonly required?: boolean
  readonly repeated?: boolean
  readonly choices?: readonly string[]
}

/** A word that several commands share: `kept` of `kept list`, `kept restore`, `kept prune`. */
export interface Topic {
  readonly name: string
  readonly group: Group
  /** One line, lower case, no full stop. */
  readonly summary: string
  /** What its commands are about, in a few sentences. */
  readonly details: string
}

/** A command as data, from which help, completion and the parser are built. */
export interface Command {
  /** One word, or its topic and one more word: `kept list`. */
  readonly name: string
  readonly topic?: Topic
  readonly group: Group
  /** One line, lower case, no full stop. */
  readonly summary: string
  /** What it promises and refuses, in a few sentences. */
  readonly details: string
  readonly positionals: readonly Positional[]
  readonly flags: Readonly<Record<string, FlagSpec>>
  readonly examples: readonly { readonly command: string; readonly what: string }[]
  /** The exit codes that a script should expect from it, except 1 and those of signals. */
  readonly exitCodes: Readonly<Partial<Record<ExitCode, string>>>
  /** It leaves nothing incomplete wherever it stops, so the first Ctrl-C ends it immediately. */
  readonly interruptible?: true
  /** Imports the handler and its dependencies, only when the command runs. */
  readonly load: () => Promise<Handler>
}

/** Parses its input, calls one use case, presents the result. Raises or reports expected failures. */
export type Handler = (context: Context, input: Input) => Promise<Report>

/** The arguments and flags of a command, validated against its data. */
export interface Input {
  readonly args: readonly string[]
  readonly flags: Flags
}

/** The flags that select the project and the target of a command, not yet resolved. */
export interface TargetFlags {
  readonly env?: string
  readonly url?: string
  readonly location?: D1Location
  readonly config?: string
  readonly schema?: string
}

/** Everything that a handler needs from outside. Nothing else uses the process, terminal, clock or files. */
export interface Context {
  /** Absolute; `--cwd` is applied. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stderr: Output
  /** Aborts on the first Ctrl-C or SIGTERM; its reason carries CLI.INTERRUPTED or CLI.TERMINATED. */
  readonly signal: AbortSignal
  readonly emit: Emit
  readonly prompt: Prompter
  /** Draws reports in place of each other; absent unless stdout is a terminal and the format is human. */
  readonly screen: Screen | undefined
  /** `-y`: ask no question, unless its answer can destroy data. */
  readonly yes: boolean
  readonly target: TargetFlags
  /** The use cases of the project. A handler does its work only through them. */
  readonly slipway: Slipway
  /** The database name that was given with `--confirm`, as consent to change it. */
  readonly confirm: string | undefined
  /** The text of a Slipway command for the same project and target, as the user would type it. */
  readonly commandLine: (args: readonly string[]) => string
  readonly version: string
}

/** A terminal that a command draws on while it works. */
export interface Screen {
  /** Shows a report in place of the one before. */
  draw(report: Report): void
}

/** A finding on a completed result. */
export type Finding = ResultFinding

/** What a handler hands to the renderer. */
export interface Report {
  /** The `result` of the JSON document; its keys are a promise to scripts. */
  readonly result: object
  readonly findings: readonly Finding[]
  readonly next: readonly NextAction[]
  readonly failure?: Failure
  /** Set only if neither the failure nor the findings determine it. */
  readonly exitCode?: ExitCode
  readonly view: readonly Block[]
  /** The view itself shows the findings, so they get no lines of their own. */
  readonly findingsInView?: true
}

/** A report of a result without findings. */
export function report(result: object, view: readonly Block[], more: Partial<Report> = {}): Report {
  return { result, view, findings: [], next: [], ...more }
}
