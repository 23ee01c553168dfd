/** Something a person can do next: a command to type, or a change to make. */
export type NextAction =
  /**
   * A command of Slipway: its words, flags and arguments, such as `['deploy', '--accept', 'drift']`. The
   * project, the target and the way in which the person starts Slipway are added when the command is
   * rendered.
   */
  | { readonly kind: 'slipway'; readonly args: readonly string[]; readonly label: string }
  /** Another command or an SQL statement, as it must be typed. */
  | { readonly kind: 'command'; readonly command: string; readonly label: string }
  | { readonly kind: 'edit'; readonly path: string; readonly label: string }
  | { readonly kind: 'advice'; readonly label: string }

/** A place in a file. `line` and `column` count from 1, columns in UTF-16 units. */
export interface Place {
  readonly file?: string
  readonly line?: number
  readonly column?: number
  /** The line of the file, and under it a caret at the column. */
  readonly excerpt?: string
}

/** PostgreSQL's message with all its fields, for people who search the web for it. */
export interface ServerError {
  readonly sqlstate: string
  readonly message: string
  readonly detail?: string
  readonly hint?: string
  /** Character offset into the text that was sent, from 1. */
  readonly position?: number
  /** The number of commands of the same message that were completed before. */
  readonly completed?: number
  /** The object that the statement names and the server lacks, if the error shows it. */
  readonly missing?: MissingObject
  /** The place in the input of COPY: the line, from 1, and the name of the column if it is known. */
  readonly copied?: { readonly line: number; readonly column?: string }
}

/** An object that a server lacks, with the server's name for it; a table's name can include its schema. */
export interface MissingObject {
  readonly kind: 'role' | 'extension' | 'schema' | 'table'
  readonly name: string
}

/** SQLite's error for a failed statement. */
export interface SqliteError {
  /** The extended result code: 787. */
  readonly code: number
  /** Its name: `SQLITE_CONSTRAINT_FOREIGNKEY`. */
  readonly name: string
  readonly message: string
}

/**
 * An expected failure: the command cannot do its job in the current situation. Matched by shape
 * and by `code`, never by class. `code` is dotted, `MODULE.REASON`, and listed in docs/errors.md.
 */
export interface Failure {
  readonly code: string
  /** One sentence: what could not be done. */
  readonly message: string
  /** One sentence: why. */
  readonly why?: string
  readonly nextActions: readonly NextAction[]
  readonly where?: Place
  /** PostgreSQL's error, if the server refused a statement. */
  readonly server?: ServerError
  /** SQLite's error, if it refused a statement. */
  readonly sqlite?: SqliteError
}

/** What a module declares about each of its failures: its title for the docs, and its exit code. */
export interface FailureSpec {
  readonly title: string
  /** Exit code of a command that ends with it; 2 (could not do the job) if absent. */
  readonly exit?: 2 | 3 | 4 | 5 | 6 | 130 | 143
}

/** A module's closed set of failures, by code. */
export type FailureSpecs = Readonly<Record<string, FailureSpec>>

export interface FailureDetails {
  readonly message: string
  readonly why?: string
  readonly nextActions?: readonly NextAction[]
  readonly where?: Place
  readonly server?: ServerError
  readonly sqlite?: SqliteError
  /** The error that led here; kept for `--verbose`, never part of the plain data. */
  readonly cause?: unknown
}

/** An error that carries a failure up to the use case that handles it. */
class RaisedFailure extends Error {
  readonly failure: Failure

  constructor(failure: Failure, cause: unknown) {
    super(`${failure.code}: ${failure.message}`, { cause })
    this.name = 'SlipwayFailure'
    this.failure = failure
  }
}

/**
 * The type of a module's `raise`. Each `raise` is declared with it, so that the compiler knows that it
 * never returns.
 */
export type Raise<Specs extends FailureSpecs> = (
  code: keyof Specs & string,
  details: FailureDetails,
) => never

/**
 * Creates the `raise` function of a module: it accepts only the codes that the module declares, and never
 * returns. The failure travels as an exception inside the tool and leaves it as data.
 */
export function createRaise<Specs extends FailureSpecs>(_specs: Specs): Raise<Specs> {
  return (code, details) => {
    throw new RaisedFailure(failureFrom(code, details), details.cause)
  }
}

/** Builds a failure as data, for the places that report one without ending their work. */
export function failureFrom(code: string, details: FailureDetails): Failure {
  const { message, why, nextActions = [], where, server, sqlite } = details
  return {
    code,
    message,
    ...(why === undefined ? {} : { why }),
    nextActions,
    ...(where === undefined ? {} : { where }),
    ...(server === undefined ? {} : { server }),
    ...(sqlite === undefined ? {} : { sqlite }),
  }
}

/** Raises an existing failure unchanged. */
export function rethrow(failure: Failure, cause?: unknown): never {
  throw new RaisedFailure(failure, cause)
}

/** The failure that an error carries, if any. */
export function failureOf(error: unknown): Failure | undefined {
  if (typeof error !== 'object' || error === null || !('failure' in error)) return undefined
  const { failure } = error
  const shaped = typeof failure === 'object' && failure !== null && 'code' in failure
  return shaped ? (failure as Failure) : undefined
}

/** A next action that is a command of Slipway, by its words: `command(['seed', 'status'], 'see the sets')`. */
export function command(args: readonly string[], label: string): NextAction {
  return { kind: 'slipway', args, label }
}

/** A next action that is an SQL statement or a command of another program, as it must be typed. */
export function otherCommand(text: string, label: string): NextAction {
  return { kind: 'command', command: text, label }
}

/** A next action that is advice in words. */
export function advice(label: string): NextAction {
  return { kind: 'advice', label }
}
