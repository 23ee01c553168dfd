import { setImmediate } from 'node:timers/promises'
import { startCluster } from '../../slipway/test/cluster.ts'
import { cache, createCache } from '../src/cache/index.ts'
import { startPrometheus } from '../src/prometheus/index.ts'
import { createTables } from '../test/database.ts'
import { PrismaClient } from '../test/generated/client.ts'
import { type BenchClient, bareClient, median, print, runtimeClient } from './clients.ts'

/**
 * Measures the cost of pool, retry, log and metrics, and of a Prisma extension that does nothing; and what the cache
 * saves. Clients take turns; the results are medians of the rounds.
 * `node bench/overhead.ts [rounds]`
 */

const rounds = Number(process.argv[2] ?? 15)
const CONNECTIONS = 50
const OPERATIONS = 4000

startPrometheus()
const cluster = await startCluster()
await createTables(cluster.url)
const bare = bareClient(cluster.url, CONNECTIONS)
const runtime = runtimeClient(cluster.url, CONNECTIONS)
const empty = {
  ...bare,
  prisma: bare.prisma.$extends({
    query: { $allOperations: ({ args, query }) => query(args) },
  }) as unknown as PrismaClient,
}
try {
  for (const arrival of ['each with its query', 'in one turn, so in one query'] as const) {
    await measureOverhead('an empty extension of Prisma', empty, arrival)
    await measureOverhead('pool, retry, log and metrics', runtime, arrival)
  }
  await measureCache()
} finally {
  await bare.close()
  await runtime.close()
  await cluster.stop()
}

/** How the callers of a round arrive: Prisma combines the reads of one turn of the event loop into one query. */
type Arrival = 'each with its query' | 'in one turn, so in one query'

/** Measures how much more CPU time a client takes than the bare one. */
async function measureOverhead(name: string, client: BenchClient, arrival: Arrival): Promise<void> {
  for (const one of [bare, client, bare, client]) await round(one, arrival)
  const ratios: number[] = []
  const perOperation: number[] = []
  for (let i = 0; i < rounds; i++) {
    // Each client is first in half of the rounds, because the speed of the machine varies from second to second.
    const isBareFirst = i % 2 === 0
    const first = await round(isBareFirst ? bare : client, arrival)
    const second = await round(isBareFirst ? client : bare, arrival)
    const [plain, full] = isBareFirst ? [first, second] : [second, first]
    ratios.push(full / plain)
    perOperation.push(((full - plain) / OPERATIONS) * 1000)
  }
  print(`findUnique, ${CONNECTIONS} callers, ${arrival}: ${name}`)
  print(
    `  CPU time: ${median(ratios).toFixed(3)} of the bare client's, ${median(perOperation).toFixed(1)} µs more an operation`,
  )
}

/** CPU time of this process for a round, in ms; unaffected by other processes. */
async function round({ prisma }: BenchClient, arrival: Arrival): Promise<number> {
  const begin = process.cpuUsage()
  let left = OPERATIONS
  const work = async () => {
    while (left-- > 0) {
      if (arrival === 'each with its query') await setImmediate()
      await prisma.carrier.findUnique({ where: { id: (left % 20) + 1 } })
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, work))
  const { user, system } = process.cpuUsage(begin)
  return (user + system) / 1000
}

async function measureCache(): Promise<void> {
  const store = await createCache({ models: { Carrier: { ttl: 600_000 } } })
  const cached = bare.prisma.$extends(cache(store)) as unknown as PrismaClient
  const queries = {
    'findUnique by id': (prisma: PrismaClient) => prisma.carrier.findUnique({ where: { id: 7 } }),
    'findMany with contacts, 20 rows': (prisma: PrismaClient) =>
      prisma.carrier.findMany({ include: { contacts: true }, orderBy: { name: 'asc' } }),
  }
  // What every cached read costs at least: Prisma calls an extension, which returns immediately.
  const constant = bare.prisma.$extends({
    query: { $allOperations: async () => ({ id: 7 }) },
  }) as unknown as PrismaClient
  const least = await latency(() => queries['findUnique by id'](constant), 2000)
  print(`an extension of Prisma that returns a constant: ${least.toFixed(0)} µs`)
  for (const [name, query] of Object.entries(queries)) {
    const slow = await latency(() => query(bare.prisma), 300)
    const fast = await latency(() => query(cached), 2000)
    print(
      `${name}: query ${slow.toFixed(0)} µs, cache hit ${fast.toFixed(0)} µs, ${(slow / fast).toFixed(1)} ×`,
    )
  }
  await store.close()
}

/** The median duration of single calls, in µs, after as many to warm up. */
async function latency(call: () => PromiseLike<unknown>, times: number): Promise<number> {
  const taken: number[] = []
  for (let i = 0; i < times; i++) await call()
  for (let i = 0; i < times; i++) {
    const begin = performance.now()
    await call()
    taken.push((performance.now() - begin) * 1000)
  }
  return median(taken)
}
