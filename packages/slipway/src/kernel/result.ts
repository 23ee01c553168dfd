import { type Failure, failureOf } from './failure.ts'

/** The outcome of an operation that can fail in an expected way. Plain data; never thrown. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure }

function ok<T>(value: T): Result<T> {
  return { ok: true, value }
}

/**
 * Runs `work` and turns a raised failure into a result. Anything else that is thrown is a bug
 * and passes through.
 */
export async function attempt<T>(work: () => Promise<T>): Promise<Result<T>> {
  try {
    return ok(await work())
  } catch (error) {
    const failure = failureOf(error)
    if (failure) return { ok: false, failure }
    throw error
  }
}
