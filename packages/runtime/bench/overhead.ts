import { startCluster } from '../../slipway/test/cluster.ts'
import { cache, createCache } from '../src/cache/index.ts'
import { startPrometheus } from '../src/prometheus/index.ts'
import { createTables } from '../test/database.ts'
import { PrismaClient } from '../test/generated/client.ts'
import { type BenchClient, bareClient, median, print, runtimeClient } from './clients.ts'

/**
 * What pool, retry, log and metrics cost, and what the cache saves: side by side, in turns, medians of the rounds.
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
try {
  await measureOverhead()
  await measureCache()
} finally {
  await bare.close()
  await runtime.close()
  await cluster.stop()
}

async function measureOverhead(): Promise<void> {
  const both = { bare, runtime }
  for (const client of Object.values(both)) await round(client)
  const ratios: number[] = []
  const perOperation: number[] = []
  for (let i = 0; i < rounds; i++) {
    // In turns, each first in half of the rounds: the machine is not the same from second to second.
    const first = i % 2 === 0 ? await round(bare) : await round(runtime)
    const second = i % 2 === 0 ? await round(runtime) : await round(bare)
    const [plain, full] = i % 2 === 0 ? [first, second] : [second, first]
    ratios.push(full / plain)
    perOperation.push(((full - plain) / OPERATIONS) * 1000)
  }
  print(`findUnique, ${CONNECTIONS} connections, ${rounds} rounds of ${OPERATIONS} operations`)
  print(`  runtime / bare: ${median(ratios).toFixed(3)} (CPU time, median)`)
  print(`  added per operation: ${median(perOperation).toFixed(1)} µs (CPU time, median)`)
}

/** CPU time of this process for a round, in ms: what others do on the machine is not in it. */
async function round({ prisma }: BenchClient): Promise<number> {
  const begin = process.cpuUsage()
  let left = OPERATIONS
  const work = async () => {
    while (left-- > 0) await prisma.carrier.findUnique({ where: { id: (left % 20) + 1 } })
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
  for (const [name, query] of Object.entries(queries)) {
    const slow = await latency(() => query(bare.prisma), 300)
    const fast = await latency(() => query(cached), 2000)
    print(
      `${name}: query ${slow.toFixed(0)} µs, cache hit ${fast.toFixed(0)} µs, ${(slow / fast).toFixed(1)} ×`,
    )
  }
  await store.close()
}

/** The median of single calls, in µs. */
async function latency(call: () => PromiseLike<unknown>, times: number): Promise<number> {
  const taken: number[] = []
  for (let i = 0; i < times; i++) {
    const begin = performance.now()
    await call()
    taken.push((performance.now() - begin) * 1000)
  }
  return median(taken)
}
