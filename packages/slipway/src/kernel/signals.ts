/**
 * Runs work that occupies the thread, so that no signal handler could run. Removes the handlers in the
 * meantime, so that a signal ends the process immediately. Restores them before it returns, or when the
 * returned promise is settled.
 */
export function withoutSignalHandlers<T>(work: () => T): T {
  const handlers = (['SIGINT', 'SIGTERM'] as const).flatMap((signal) =>
    process.listeners(signal).map((handler) => ({ signal, handler })),
  )
  for (const { signal, handler } of handlers) process.off(signal, handler)
  const restore = () => {
    for (const { signal, handler } of handlers) process.on(signal, handler)
  }
  let promised = false
  try {
    const result = work()
    if (!(result instanceof Promise)) return result
    promised = true
    return result.finally(restore) as T
  } finally {
    if (!promised) restore()
  }
}
