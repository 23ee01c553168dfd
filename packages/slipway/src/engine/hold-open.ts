/** A resource whose bracket is held open until `release`, which resolves when the bracket has ended. */
export interface Held<T> {
  readonly resource: T
  release(): Promise<void>
}

/**
 * Holds a bracket open, for callers that open and close in separate calls: the engine requests its
 * shadow database with one call and releases it with another.
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
  // A bracket that fails before it provides its resource fails the opening.
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
