import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * The storage of that name: one in a process, however many copies of this package there are. Next bundles a copy for each
 * route, and the client of one is used from all.
 */
export function sharedStorage<T>(name: string): AsyncLocalStorage<T> {
  const key = Symbol.for(`slipway-runtime:${name}`)
  const holder = globalThis as { [key: symbol]: AsyncLocalStorage<T> | undefined }
  return (holder[key] ??= new AsyncLocalStorage<T>())
}
