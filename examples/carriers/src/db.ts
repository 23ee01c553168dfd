import { PrismaPg } from '@prisma/adapter-pg'
import type { Pool } from 'pg'
import { actor } from 'slipway-runtime/actor'
import { type Cache, cache, createCache } from 'slipway-runtime/cache'
import { log, sqlComments } from 'slipway-runtime/log'
import { measurePool, measureReplicas, metrics } from 'slipway-runtime/metrics'
import { createPool, type PoolPreset } from 'slipway-runtime/pool'
import { type Prometheus, startPrometheus } from 'slipway-runtime/prometheus'
import { createReplicaSet, replicas, type ReplicaSet } from 'slipway-runtime/replicas'
import { createRetryPolicy, retry, type RetryPolicy } from 'slipway-runtime/retry'
import { Prisma, PrismaClient } from '../generated/prisma/client.ts'

/** The database as the application sees it: the client, and the parts that health checks and metrics need. */
export interface Database {
  readonly prisma: PrismaClient
  readonly retryPolicy: RetryPolicy
  readonly prometheus: Prometheus
  /** Absent for the embedded database. */
  readonly pool: Pool | undefined
  readonly replicas: ReplicaSet | undefined
  readonly cache: Cache | undefined
  close(): Promise<void>
}

/** Settings from the environment, into which Next.js loads `.env`; see README.md. */
interface Settings {
  readonly url: string | undefined
  readonly preset: PoolPreset
  readonly replicaUrls: readonly string[]
  readonly cacheSeconds: number
  readonly redisUrl: string | undefined
}

// Next.js reloads modules during development; the database stays open.
const holder = globalThis as { carriersDatabase?: Promise<Database> }

/** The database, opened on first use, because a build needs none. */
export function database(): Promise<Database> {
  return (holder.carriersDatabase ??= open(readSettings()))
}

/** Closes the database, in tests and at the end of the process. */
export async function closeDatabase(): Promise<void> {
  const opened = holder.carriersDatabase
  delete holder.carriersDatabase
  await (await opened)?.close()
}

function readSettings(): Settings {
  const { DATABASE_URL, POOL_PRESET, REPLICA_URLS, CACHE_SECONDS, REDIS_URL } = process.env
  return {
    url: DATABASE_URL || undefined,
    preset: (POOL_PRESET || 'server') as PoolPreset,
    replicaUrls: REPLICA_URLS?.split(',').filter((url) => url !== '') ?? [],
    cacheSeconds: Number(CACHE_SECONDS || 0),
    redisUrl: REDIS_URL || undefined,
  }
}

async function open(settings: Settings): Promise<Database> {
  const token = process.env['METRICS_TOKEN']
  const prometheus = startPrometheus(token ? { token } : {})
  const pool = settings.url ? createPool(settings.url, settings.preset) : undefined
  if (pool) measurePool(pool, 'primary')
  const base = pool ? connect(new PrismaPg(pool)) : await openEmbedded()
  const retryPolicy = createRetryPolicy()
  const copies = openReplicas(settings.replicaUrls)
  const set = copies.length > 0 ? createReplicaSet({ primary: base, replicas: copies }) : undefined
  if (set) measureReplicas(set)
  const store = settings.cacheSeconds > 0 ? await openCache(settings) : undefined

  // A disabled extension costs nothing, because it is not in the chain.
  let client = base
    .$extends(log({ allowedFields: ['Carrier.id', 'Carrier.homeState'] }))
    .$extends(metrics())
  if (store) client = client.$extends(cache(store))
  if (set) client = client.$extends(replicas(set))
  client = client.$extends(retry(retryPolicy)).$extends(actor())

  return {
    prisma: client as unknown as PrismaClient,
    retryPolicy,
    prometheus,
    pool,
    replicas: set,
    cache: store,
    close: async () => {
      set?.stop()
      await base.$disconnect()
      await store?.close()
      await pool?.end()
      for (const copy of copies) await copy.pool.end()
    },
  }
}

function connect(adapter: PrismaPg): PrismaClient {
  return new PrismaClient({ adapter, comments: [sqlComments({ application: 'carriers' })] })
}

function openReplicas(urls: readonly string[]) {
  return urls.map((url, index) => {
    const name = `replica-${index + 1}`
    const pool = createPool(url, 'server')
    measurePool(pool, name)
    return { name, pool, client: connect(new PrismaPg(pool)) }
  })
}

async function openCache({ cacheSeconds, redisUrl }: Settings): Promise<Cache> {
  const ttl = cacheSeconds * 1000
  return await createCache({
    models: { Carrier: { ttl, grace: ttl * 10 } },
    ...(redisUrl && { redis: { url: redisUrl, Decimal: Prisma.Decimal } }),
  })
}

/** PostgreSQL in this process, in the folder that Slipway's commands use, for development without a server. */
async function openEmbedded(): Promise<PrismaClient> {
  const [{ PGlite }, { PrismaPGlite }] = await Promise.all([
    import('@electric-sql/pglite'),
    import('pglite-prisma-adapter'),
  ])
  const adapter = new PrismaPGlite(await PGlite.create('.slipway/database'))
  return new PrismaClient({ adapter })
}
