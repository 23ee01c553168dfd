import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startCluster } from '../../slipway/test/cluster.ts'
import { runSql, untilReady } from '../../slipway/test/run-sql.ts'
import { withRetry } from '../src/retry/index.ts'
import { createTables } from '../test/database.ts'
import { bareClient, type BenchClient, print, runtimeClient } from './clients.ts'

/**
 * Crashes PostgreSQL every `every` seconds under load, for `seconds`, and counts failed writes and reads, with the bare
 * client and the runtime at the same time. `node bench/restarts.ts [seconds] [every]`
 */

const seconds = Number(process.argv[2] ?? 120)
const every = Number(process.argv[3] ?? 10)
const WRITERS = 4
const READERS = 4

interface Side {
  readonly name: string
  readonly client: BenchClient
  readonly acknowledged: string[]
  writeErrors: number
  reads: number
  readErrors: number
  /** For each restart, the time from when the server answered again until the next successful read. */
  readonly recoveries: number[]
  lastRead: number
}

const cluster = await startCluster({ settings: { fsync: 'on' } })
await createTables(cluster.url)
await runSql(cluster.url, 'CREATE INDEX ON carriers (name)')
const sides = [
  side('bare', bareClient(cluster.url, 8)),
  side('runtime', runtimeClient(cluster.url, 8)),
]
const over = performance.now() + seconds * 1000
let server: ChildProcess | undefined
await cluster.kill()
await start()
const work = sides.flatMap((one) => [
  ...Array.from({ length: WRITERS }, (_, index) => write(one, index)),
  ...Array.from({ length: READERS }, () => read(one)),
])
let restarts = 0
while (performance.now() < over - every * 1000) {
  await sleep(every * 1000)
  await stop('SIGQUIT')
  await start()
  restarts++
  const back = performance.now()
  // Waits for the first read that succeeds after the server is back.
  for (const one of sides) void recovery(one, back)
}
await Promise.all(work)
print(
  `${seconds} s, ${restarts} crashes and restarts, ${WRITERS} writers and ${READERS} readers each`,
)
for (const one of sides) await report(one)
for (const { client } of sides) await client.close()
await stop('SIGINT')
await cluster.stop()

function side(name: string, client: BenchClient): Side {
  return {
    name,
    client,
    acknowledged: [],
    writeErrors: 0,
    reads: 0,
    readErrors: 0,
    recoveries: [],
    lastRead: 0,
  }
}

async function write(one: Side, worker: number): Promise<void> {
  const { prisma, policy } = one.client
  for (let n = 0; performance.now() < over; n++) {
    const name = `${one.name}-${worker}-${n}`
    const data = { name }
    try {
      if (policy)
        await withRetry(prisma, (tx) => tx.carrier.create({ data }), {
          policy,
          confirmCommit: true,
        })
      else await prisma.carrier.create({ data })
      one.acknowledged.push(name)
    } catch {
      one.writeErrors++
    }
    await sleep(5)
  }
}

async function read(one: Side): Promise<void> {
  while (performance.now() < over) {
    try {
      await one.client.prisma.carrier.findUnique({ where: { id: 1 } })
      one.reads++
      one.lastRead = performance.now()
    } catch {
      one.readErrors++
    }
    await sleep(2)
  }
}

async function recovery(one: Side, back: number): Promise<void> {
  while (one.lastRead < back && performance.now() < over) await sleep(2)
  one.recoveries.push(one.lastRead - back)
}

async function report(one: Side): Promise<void> {
  const rows = await runSql(
    cluster.url,
    `SELECT name, count(*)::int AS n FROM carriers WHERE name LIKE '${one.name}-%' GROUP BY name`,
  )
  const found = new Map(rows.map((row) => [row['name'], Number(row['n'])]))
  const lost = one.acknowledged.filter((name) => !found.has(name)).length
  const twice = [...found.values()].filter((n) => n > 1).length
  const writes = one.acknowledged.length + one.writeErrors
  print(one.name)
  print(
    `  writes ${writes}, errors ${one.writeErrors} (${share(one.writeErrors, writes)}), lost ${lost}, twice ${twice}`,
  )
  const reads = one.reads + one.readErrors
  print(
    `  reads ${reads}, errors ${one.readErrors} (${share(one.readErrors, reads)}), slowest recovery ${Math.max(...one.recoveries).toFixed(0)} ms`,
  )
}

function share(part: number, all: number): string {
  return `${((part / all) * 100).toFixed(2)} %`
}

async function start(): Promise<void> {
  const { uid, gid } = statSync(cluster.dataDir)
  const account = process.getuid?.() === 0 ? { uid, gid } : {}
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${cluster.port}`,
    `unix_socket_directories=${path.dirname(cluster.dataDir)}`,
  ]
  const flags = settings.flatMap((setting) => ['-c', setting])
  server = spawn(path.join(cluster.binDir, 'postgres'), ['-D', cluster.dataDir, ...flags], {
    stdio: 'ignore',
    ...account,
  })
  await untilReady(cluster.url)
}

async function stop(signal: NodeJS.Signals): Promise<void> {
  if (!server) return
  const exit = once(server, 'exit')
  server.kill(signal)
  await exit
}
