/**
 * Runs work that can only succeed as a whole: where one fails, `signal` ends the others. Waits for all to end,
 * and throws what made the first of them fail.
 */
export async function together(
  outer: AbortSignal,
  works: readonly ((signal: AbortSignal) => Promise<unknown>)[],
): Promise<void> {
  const abort = new AbortController()
  const signal = AbortSignal.any([outer, abort.signal])
  let first: { readonly error: unknown } | undefined
  await Promise.all(
    works.map(async (work) => {
      try {
        await work(signal)
      } catch (error) {
        first ??= { error }
        abort.abort(error)
      }
    }),
  )
  outer.throwIfAborted()
  if (first) throw first.error
}
