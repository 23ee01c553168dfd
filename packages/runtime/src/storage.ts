import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * The storage of that name: one per process, however many copies of this package there are. Next.js bundles a copy for
 * each route, and all routes use the client of one of them.
 */
export function sharedStorage<T>(name: string): AsyncLocalStorage<T> {
  const key = Symbol.for(`slipway-runtime:${name}`)
  const holder = globalThis as { [key: symbol]: AsyncLocalStorage<T> | undefined }
  return (holder[key] ??= new AsyncLocalStorage<T>())
}
