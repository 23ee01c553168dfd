import { failureOf } from '../kernel/index.ts'

/**
 * Runs work that can only succeed as a whole: where one fails, `signal` ends the others. Waits for all to end, and throws
 * what made the first of them fail. A failure with a reason counts more than a stream that broke because of it.
 */
export async function together(
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
