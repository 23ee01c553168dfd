import { type Failure, failureOf, type NextAction, type Place } from '../kernel/index.ts'

/** An assessment of a result: data, never thrown. One of severity `error` makes a command exit 4. */
export interface ResultFinding {
  /** Its name in flags, comments and docs. */
  readonly id: string
  readonly severity: 'error' | 'warning' | 'notice'
  readonly message: string
  readonly where?: Place
}

/** A use case that completed. Its findings say whether the result is good. */
export interface Success<Result> {
  readonly ok: true
  readonly result: Result
  readonly findings: readonly ResultFinding[]
  readonly next: readonly NextAction[]
}

/** A use case that could not do its job, for an expected reason. */
export interface Failed<Result> {
  readonly ok: false
  readonly failure: Failure
  /** What was done before the failure, with receipts; absent if nothing had started. */
  readonly result?: Result
  readonly findings: readonly ResultFinding[]
  readonly next: readonly NextAction[]
}

/** What each method returns: plain data. A method throws only for a bug in Slipway. */
export type Outcome<Result> = Success<Result> | Failed<Result>

/** The return value of a use case, with its failure if there was one. */
export interface UseCaseReturn<Result> {
  readonly result: Result
  readonly findings?: readonly ResultFinding[]
  readonly next?: readonly NextAction[]
  readonly failure?: Failure | undefined
}

/** Runs a use case. A failure that it returns or raises becomes data, after `completed` has processed it. */
export async function outcomeOf<Result>(
  work: () => Promise<UseCaseReturn<Result>>,
  completed: (failure: Failure) => Failure = (failure) => failure,
): Promise<Outcome<Result>> {
  try {
    const { result, findings = [], next = [], failure } = await work()
    return failure
      ? { ok: false, failure: completed(failure), result, findings, next }
      : { ok: true, result, findings, next }
  } catch (error) {
    const found = failureOf(error)
    if (!found) throw error
    const failure = completed(found)
    raised.set(failure, error)
    return { ok: false, failure, findings: [], next: [] }
  }
}

/** Errors are not part of the plain data: their stack only helps to find a cause. */
const raised = new WeakMap<Failure, unknown>()

/** The error from which a failure was raised, with its cause; undefined if there is none. */
export function errorOf(failure: Failure | undefined): unknown {
  return failure && raised.get(failure)
}
