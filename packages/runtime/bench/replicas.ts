import { setTimeout as sleep } from 'node:timers/promises'
import { PrismaPg } from '@prisma/adapter-pg'
import { startCluster } from '../../slipway/test/cluster.ts'
import { runSql } from '../../slipway/test/run-sql.ts'
import { createPool } from '../src/pool/index.ts'
import { createReplicaSet, replicas, withConsistency } from '../src/replicas/index.ts'
import { createTables } from '../test/database.ts'
import { PrismaClient } from '../test/generated/client.ts'
import { startReplica } from '../test/replication.ts'
import { print } from './clients.ts'

/**
 * Read-your-writes reads while one of two replicas is paused, crashed, restarted and promoted in turn: how many were
 * stale, and how many failed. `node bench/replicas.ts [reads] [seconds at most]`
 */

const wanted = Number(process.argv[2] ?? 100_000)
const limit = performance.now() + Number(process.argv[3] ?? 600) * 1000
const SESSIONS = 20

const primary = await startCluster()
await createTables(primary.url)
const east = await startReplica(primary)
const west = await startReplica(primary)
const pools = [primary, east, west].map(({ url }) => createPool(url, 'server', { max: 10 }))
const [base, ...copies] = pools.map(
  (pool) => new PrismaClient({ adapter: new PrismaPg(pool) }),
) as [PrismaClient, ...PrismaClient[]]
const set = createReplicaSet({
  primary: base,
  replicas: copies.map((client, index) => ({
    name: ['east', 'west'][index] ?? '',
    client,
    pool: pools[index + 1] as (typeof pools)[0],
  })),
  checkEvery: 250,
})
await set.check()
const prisma = base.$extends(replicas(set)) as unknown as PrismaClient
const count = { reads: 0, stale: 0, failed: 0, plain: 0, plainFailed: 0 }
const over = new AbortController()

await Promise.all([
  ...Array.from({ length: SESSIONS }, (_, index) => session((index % 20) + 1)),
  plainReads(),
  disturb(),
])
print(`${count.reads} read-your-writes reads: ${count.stale} stale, ${count.failed} failed`)
print(`${count.plain} other reads: ${count.plainFailed} failed`)
set.stop()
for (const pool of pools) await pool.end()
await east.remove()
await west.remove()
await primary.stop()

function hasTime(): boolean {
  return count.reads < wanted && performance.now() < limit
}

/** Each session owns a row, writes it, and must then see the new value in ten reads. */
async function session(id: number): Promise<void> {
  for (let mileage = 1n; hasTime(); mileage++) {
    await withConsistency(undefined, async () => {
      await prisma.carrier.update({ where: { id }, data: { mileage } })
      for (let n = 0; n < 10 && hasTime(); n++) {
        count.reads++
        try {
          const row = await prisma.carrier.findUnique({ where: { id } })
          if (row?.mileage !== mileage) count.stale++
        } catch {
          count.failed++
        }
      }
    })
  }
  over.abort()
}

async function plainReads(): Promise<void> {
  while (!over.signal.aborted) {
    count.plain++
    await prisma.carrier.findFirst().catch(() => count.plainFailed++)
  }
}

/** Pauses or crashes and restarts east in turn; on the fifth turn, promotes west. */
async function disturb(): Promise<void> {
  const pause = (on: boolean) =>
    runSql(east.url, `SELECT pg_wal_replay_${on ? 'pause' : 'resume'}()`)
  for (let turn = 0; !over.signal.aborted; turn++) {
    await sleep(2000)
    if (turn % 2 === 0) {
      await pause(true)
      await sleep(1000)
      await pause(false)
    } else {
      await east.stop('SIGQUIT')
      await sleep(1000)
      await east.start()
    }
    if (turn === 4) await runSql(west.url, 'SELECT pg_promote()')
  }
}
