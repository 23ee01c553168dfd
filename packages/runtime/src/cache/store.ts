import { hash, randomUUID } from 'node:crypto'
import { BentoCache, bentostore, errors } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { connectToRedis } from './redis.ts'
import { tagOf } from './tags.ts'
import { copyResult, createSerializer, type DecimalClass } from './values.ts'

/** Times in ms. */
export interface ModelCacheOptions {
  /** How long a result is fresh. */
  readonly ttl: number
  /** How much longer it may be served while a new one is fetched, or while the database is unavailable. Default 0. */
  readonly grace?: number
  /** Default: all actions that read: `findMany`, `count`, … */
  readonly operations?: readonly string[]
  /** The field by which `findUnique` reads single rows, which writes invalidate one by one. Default `id`. */
  readonly key?: string
}

export interface CacheOptions {
  /** The models to cache; others are not cached. */
  readonly models: Readonly<Record<string, ModelCacheOptions>>
  /** The most results in the memory of this process. Default 10,000. */
  readonly maxItems?: number
  /** Shares the cache between processes. `ioredis` must be installed. */
  readonly redis?: {
    /** `redis://user:password@host:6379/0` */
    readonly url: string
    /** `Prisma.Decimal`, so that decimals are read as decimals. */
    readonly Decimal: DecimalClass
    /** The prefix of each key. Default `prisma`. */
    readonly prefix?: string
  }
  /** Called for each failure of Redis; operations continue without it. */
  readonly onError?: (error: unknown) => void
}

export interface Cache {
  readonly options: CacheOptions
  /** The result under the key, or that of `query`, which runs once for all simultaneous callers. */
  getOrQuery(entry: CacheEntry, query: () => Promise<unknown>): Promise<unknown>
  /** Makes every result with one of the tags unreachable, in all processes. */
  invalidateTags(tags: readonly string[]): Promise<void>
  /** Removes the cached results of a model, after a change that Prisma did not make: raw SQL, a trigger, another program. */
  invalidate(...models: readonly string[]): Promise<void>
  /** Removes everything. */
  clear(): Promise<void>
  /** Closes the connections to Redis. */
  close(): Promise<void>
}

export interface CacheEntry {
  readonly key: string
  readonly tags: readonly string[]
  readonly model: ModelCacheOptions
}

/** A generation lives longer than any result under it. */
const GENERATION_TTL = 86_400_000

/**
 * A cache in memory, and in Redis if configured. Each tag has a generation, and a result's key contains the
 * generations of its tags as they were *before* its query ran. An invalidation changes the generation, so that a query
 * that was running at that moment stores what it read under a key that is no longer used.
 */
export async function createCache(options: CacheOptions): Promise<Cache> {
  const { bento, disconnect } = await createBento(options)

  const generationOf = (tag: string) =>
    bento.getOrSet<string>({
      key: `g:${tag}`,
      factory: () => randomUUID(),
      ttl: GENERATION_TTL,
    })
  const invalidateTags = async (tags: readonly string[]) => {
    const set = (tag: string) =>
      bento.set({ key: `g:${tag}`, value: randomUUID(), ttl: GENERATION_TTL })
    await Promise.all([...new Set(tags)].map(set))
  }
  return {
    options,
    invalidateTags,
    getOrQuery: async ({ key, tags, model }, query) => {
      const generations = await Promise.all(tags.map(generationOf))
      try {
        const value: unknown = await bento.getOrSet({
          key: hash('sha256', [key, ...generations].join('\n'), 'base64url'),
          factory: query,
          ttl: model.ttl,
          grace: model.grace ?? false,
          // Stale results are served immediately, and replaced in the background.
          timeout: 0,
          // The result that another process has under this key is just as good.
          skipBusNotify: true,
        })
        return copyResult(value)
      } catch (error) {
        if (error instanceof errors.E_FACTORY_ERROR) throw error.cause
        throw error
      }
    },
    invalidate: (...models) =>
      invalidateTags(models.flatMap((model) => [tagOf.model(model), tagOf.anyRow(model)])),
    clear: () => bento.clear(),
    close: disconnect,
  }
}

async function createBento({ maxItems = 10_000, redis, onError }: CacheOptions) {
  if (!redis) {
    const memory = memoryDriver({ maxItems, serialize: false })
    const stores = { cache: bentostore().useL1Layer(memory) }
    const bento = new BentoCache({ default: 'cache', stores })
    return { bento, disconnect: () => bento.disconnect() }
  }
  const [{ redisBusDriver, redisDriver }, connections] = await Promise.all([
    import('bentocache/drivers/redis'),
    connectToRedis(redis.url, onError),
  ])
  const store = bentostore()
    // As text, because bentocache copies values from Redis to memory unchanged.
    .useL1Layer(memoryDriver({ maxItems }))
    .useL2Layer(redisDriver({ connection: connections.store, prefix: redis.prefix ?? 'prisma' }))
    .useBus(redisBusDriver({ connection: connections.bus }))
  const bento = new BentoCache({
    default: 'cache',
    stores: { cache: store },
    serializer: createSerializer(redis.Decimal),
    suppressL2Errors: true,
    l2CircuitBreakerDuration: '1s',
  })
  return {
    bento,
    disconnect: async () => {
      connections.disconnect()
      await bento.disconnect().catch(() => undefined)
    },
  }
}
