import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, startCluster } from '../../slipway/test/cluster.ts'
import { untilReady } from '../../slipway/test/run-sql.ts'
import { createTables } from '../test/database.ts'
import { bareClient, print, runtimeClient } from './clients.ts'

/**
 * Four application processes on a server with `max_connections` 40: directly with the default configuration; and
 * through PgBouncer in transaction mode with the preset `behind-pooler`, at the load at which the first fails and
 * at twice that. `node bench/pooler.ts [seconds]`
 */

interface Result {
  readonly done: number
  readonly errors: Readonly<Record<string, number>>
}

const [kind, url = '', callers = '0', duration = '0'] = process.argv.slice(2)
if (kind === 'bare' || kind === 'runtime') await runProcess(kind)
else await compare(Number(kind ?? 10))

/** One application process: `callers` run at the same time, each alternating between a transaction and a read. */
async function runProcess(side: 'bare' | 'runtime'): Promise<void> {
  // What a team sets to serve its many callers: Prisma 5 and 6 had 2 × cores + 1 connections.
  const client = side === 'bare' ? bareClient(url, 15) : runtimeClient(url, 15, 'behind-pooler')
  const until = performance.now() + Number(duration) * 1000
  const errors: Record<string, number> = {}
  let done = 0
  const call = async (id: number) => {
    while (performance.now() < until) {
      try {
        await client.prisma.$transaction(
          async (tx) => {
            await tx.carrier.findUnique({ where: { id } })
            await tx.contact.count()
          },
          { maxWait: 20_000, timeout: 20_000 },
        )
        await client.prisma.carrier.findFirst({ where: { id } })
        done++
      } catch (error) {
        const { code = 'none', name } = error as { code?: string; name: string }
        errors[`${name} ${code}`] = (errors[`${name} ${code}`] ?? 0) + 1
        await sleep(20)
      }
    }
  }
  await Promise.all(Array.from({ length: Number(callers) }, (_, index) => call((index % 20) + 1)))
  await client.close()
  process.send?.({ done, errors } satisfies Result)
}

async function compare(seconds: number): Promise<void> {
  const cluster = await startCluster({ settings: { max_connections: '40' } })
  await createTables(cluster.url)
  const pooler = await startPooler(cluster.url, statSync(cluster.dataDir))
  try {
    for (const [name, side, through, load] of [
      ['default, direct, 15 callers each', 'bare', cluster.url, 15],
      ['behind-pooler, PgBouncer, 15 callers each', 'runtime', pooler.url, 15],
      ['behind-pooler, PgBouncer, 30 callers each', 'runtime', pooler.url, 30],
    ] as const) {
      const results = await Promise.all(
        Array.from({ length: 4 }, () => inProcess([side, through, String(load), String(seconds)])),
      )
      const done = results.reduce((sum, one) => sum + one.done, 0)
      const errors = results.flatMap((one) =>
        Object.entries(one.errors).map(([key, n]) => `${n} × ${key}`),
      )
      print(`${name}: ${done} done, errors: ${errors.join(', ') || 'none'}`)
    }
  } finally {
    await pooler.stop()
    await cluster.stop()
  }
}

async function inProcess(args: string[]): Promise<Result> {
  const child = fork(import.meta.filename, args)
  const [result] = (await once(child, 'message')) as [Result]
  await once(child, 'exit')
  return result
}

/** PgBouncer in transaction mode, with 30 connections to the server. It refuses to run as root. */
async function startPooler(serverUrl: string, { uid, gid }: { uid: number; gid: number }) {
  const server = new URL(serverUrl)
  const port = await freePort()
  const folder = mkdtempSync(path.join(os.tmpdir(), 'pgbouncer-'))
  const users = path.join(folder, 'users.txt')
  writeFileSync(users, `"${server.username}" "${server.password}"\n`)
  const ini = path.join(folder, 'pgbouncer.ini')
  writeFileSync(
    ini,
    `[databases]
postgres = host=127.0.0.1 port=${server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${users}
pool_mode = transaction
default_pool_size = 30
max_client_conn = 500
ignore_startup_parameters = extra_float_digits
`,
  )
  const account = process.getuid?.() === 0 ? { uid, gid } : {}
  if (account.uid !== undefined) for (const file of [folder, users, ini]) chownSync(file, uid, gid)
  chmodSync(folder, 0o755)
  const child = spawn('pgbouncer', ['-q', ini], { cwd: folder, stdio: 'ignore', ...account })
  server.port = String(port)
  await untilReady(server.href)
  return {
    url: server.href,
    stop: async () => {
      const exit = once(child, 'exit')
      child.kill('SIGINT')
      await exit
    },
  }
}
