import type { D1Location, ResultFinding, Slipway } from '../app/index.ts'
import type { Emit, Failure, NextAction } from '../kernel/index.ts'
import type { Flags } from './flags.ts'
import type { Output } from './host.ts'
import type { Prompter } from './terminal/prompt.ts'
import type { Block } from './view.ts'

/** Exit codes as docs/decisions/0005-exit-codes-and-json.md lists them. 1 is a bug in Slipway. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 130 | 143

/** The way of working that a command belongs to; the order of `slipway --help`. */
export type Group = 'start' | 'look' | 'change' | 'deploy' | 'recover' | 'help'

/** A flag as data. Names are without dashes; a name means the same kind in every command, `write` and `from` apart. */
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
      /** Its value may be a connection string; that of any other flag may not. */
      readonly connection?: true
    }
  /** A whole number of at least `min`. */
  | { readonly kind: 'number'; readonly value: string; readonly min: number }
  /** May be given several times, or once with commas. */
  | {
      readonly kind: 'list'
      readonly value: string
      /** Each use gives one value, which may have commas. */
      readonly whole?: true
    }
  | { readonly kind: 'choice'; readonly value: string; readonly choices: readonly string[] }
)

/** A positional argument. A repeated one takes all that follow. */
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

/** A command as data: what help, completion and the parser are made of. */
export interface Command {
  /** One word, or that of its topic and one more: `kept list`. */
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
  /** The exit codes that a script should expect from it, 1 and signals apart. */
  readonly exitCodes: Readonly<Partial<Record<ExitCode, string>>>
  /** It leaves nothing half done wherever it stops, so the first Ctrl-C ends it immediately. */
  readonly interruptible?: true
  /** Imports the handler and what it works with: not before the command runs. */
  readonly load: () => Promise<Handler>
}

/** Parses its input, calls one use case, presents. Expected bad news is raised or put in the report. */
export type Handler = (context: Context, input: Input) => Promise<Report>

/** What was typed after the command's name, checked against its data. */
export interface Input {
  readonly args: readonly string[]
  readonly flags: Flags
}

/** The flags that say which project and target a command works on; nothing is resolved yet. */
export interface TargetFlags {
  readonly env?: string
  readonly url?: string
  readonly location?: D1Location
  readonly config?: string
  readonly schema?: string
}

/** Everything that a handler needs from outside. Nothing else uses the process, the terminal, the clock or files. */
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
  /** `-y`: no question whose answer destroys nothing. */
  readonly yes: boolean
  readonly target: TargetFlags
  /** The use cases of the project: all that a handler does. */
  readonly slipway: Slipway
  /** The database that the person names to consent to its change. */
  readonly confirm: string | undefined
  /** A command of Slipway as the person types it, for the same project and target. */
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
  /** Only where neither the failure nor the findings say it. */
  readonly exitCode?: ExitCode
  readonly view: readonly Block[]
  /** The view itself shows the findings, better than a line each would. */
  readonly findingsInView?: true
}

/** A report of a result without findings. */
export function report(result: object, view: readonly Block[], more: Partial<Report> = {}): Report {
  return { result, view, findings: [], next: [], ...more }
}
