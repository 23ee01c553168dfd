import { type Failure, failureOf, type NextAction, type Place } from '../kernel/index.ts'

/** A judgement on a completed result: data, never thrown. One of severity `error` makes a command exit 4. */
export interface ResultFinding {
  /** The word it has in flags, comments and docs. */
  readonly id: string
  readonly severity: 'error' | 'warning' | 'notice'
  readonly message: string
  readonly where?: Place
}

/** A use case that came to its end. Its findings say whether the result is good. */
export interface Success<Result> {
  readonly ok: true
  readonly result: Result
  readonly findings: readonly ResultFinding[]
  readonly next: readonly NextAction[]
}

/** A use case that could not do its job, for a reason that was to be expected. */
export interface Failed<Result> {
  readonly ok: false
  readonly failure: Failure
  /** What was done until then, with receipts; absent where nothing had begun. */
  readonly result?: Result
  readonly findings: readonly ResultFinding[]
  readonly next: readonly NextAction[]
}

/** What each method gives: plain data. A method throws only for a bug in Slipway. */
export type Outcome<Result> = Success<Result> | Failed<Result>

/** What a use case gives before it is known whether it failed. */
export interface Ended<Result> {
  readonly result: Result
  readonly findings?: readonly ResultFinding[]
  readonly next?: readonly NextAction[]
  readonly failure?: Failure | undefined
}

/** Runs a use case: a failure that it gives or raises becomes data. */
export async function outcomeOf<Result>(
  work: () => Promise<Ended<Result>>,
): Promise<Outcome<Result>> {
  try {
    const { result, findings = [], next = [], failure } = await work()
    return failure
      ? { ok: false, failure, result, findings, next }
      : { ok: true, result, findings, next }
  } catch (error) {
    const failure = failureOf(error)
    if (!failure) throw error
    raised.set(failure, error)
    return { ok: false, failure, findings: [], next: [] }
  }
}

/** Errors stay out of the plain data: their stack is of use for who looks for a cause alone. */
const raised = new WeakMap<Failure, unknown>()

/** The error that a failure was raised with, and its cause; nothing where it was none. */
export function errorOf(failure: Failure | undefined): unknown {
  return failure && raised.get(failure)
}
