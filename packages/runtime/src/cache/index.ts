export { cache } from './extension.ts'
export { type Cache, type CacheOptions, createCache, type ModelCacheOptions } from './store.ts'
