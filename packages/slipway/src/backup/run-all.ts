import { failureOf } from '../kernel/index.ts'

/**
 * Runs work that can only succeed as a whole: if one fails, `signal` aborts the others. Waits for all to end,
 * then throws the first failure, or the first error if there is none: a broken stream is usually a
 * consequence of a failure.
 */
export async function runAllOrAbort(
  outer: AbortSignal,
  works: readonly ((signal: AbortSignal) => Promise<unknown>)[],
): Promise<void> {
  const abort = new AbortController()
  const signal = AbortSignal.any([outer, abort.signal])
  const errors: unknown[] = []
  await Promise.all(
    works.map(async (work) => {
      try {
        await work(signal)
      } catch (error) {
        errors.push(error)
        abort.abort(error)
      }
    }),
  )
  outer.throwIfAborted()
  if (errors.length > 0) throw errors.find((error) => failureOf(error)) ?? errors[0]
}
