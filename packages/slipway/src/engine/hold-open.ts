/** A resource whose bracket is held open until `release`, which resolves when the bracket has ended. */
export interface Held<T> {
  readonly resource: T
  release(): Promise<void>
}

/**
 * Holds a bracket open, for callers that open and close at moments of their own: the engine asks
 * for its shadow database by one call and lets go of it by another.
 */
export async function holdOpen<T>(
  bracket: (work: (resource: T) => Promise<void>) => Promise<void>,
): Promise<Held<T>> {
  const opened = Promise.withResolvers<T>()
  const closing = Promise.withResolvers<undefined>()
  const ended = bracket(async (resource) => {
    opened.resolve(resource)
    await closing.promise
  })
  // A bracket that fails before it hands over its resource fails the opening.
  ended.catch(opened.reject)
  const resource = await opened.promise
  return {
    resource,
    async release() {
      closing.resolve(undefined)
      await ended
    },
  }
}
