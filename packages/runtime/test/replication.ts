import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, chownSync } from 'node:fs'
import type { Socket } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { type Cluster, freePort } from '../../slipway/test/cluster.ts'
import { runSql, untilReady } from '../../slipway/test/run-sql.ts'

/** A streaming replica of a cluster, on this machine. */
export interface ReplicaServer {
  /** Connection string to the database `postgres`. */
  readonly url: string
  start(): Promise<void>
  /** Stops it and its sessions; `SIGQUIT` stops it like a crash. */
  stop(signal?: NodeJS.Signals): Promise<void>
  /** Stops it and removes its folder. */
  remove(): Promise<void>
}

const run = promisify(execFile)

/**
 * Copies the primary and starts the copy as a hot standby that streams from it; with server settings such as
 * `recovery_min_apply_delay=3s`.
 */
export async function startReplica(
  primary: Cluster,
  ...more: readonly string[]
): Promise<ReplicaServer> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'slipway-replica-'))
  // Servers refuse to run as root, so it runs as the user of the primary.
  const { uid, gid } = statSync(primary.dataDir)
  const account = process.getuid?.() === 0 ? { uid, gid } : {}
  if (account.uid !== undefined) chownSync(folder, uid, gid)
  const data = path.join(folder, 'data')
  await run(
    path.join(primary.binDir, 'pg_basebackup'),
    [
      '--dbname',
      primary.url,
      '--pgdata',
      data,
      '--write-recovery-conf',
      '--checkpoint=fast',
      '--no-sync',
    ],
    { cwd: folder, ...account },
  )
  const url = new URL(primary.url)
  url.port = String(await freePort())
  // A standby must allow as many connections as its primary.
  const [limit] = await runSql(primary.url, 'SHOW max_connections')
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${url.port}`,
    `max_connections=${String(limit?.['max_connections'])}`,
    `unix_socket_directories=${folder}`,
    'fsync=off',
    ...more,
  ]
  const watch = removeAtProcessEnd(data)
  let server: ChildProcess | undefined

  const start = async () => {
    const flags = settings.flatMap((one) => ['-c', one])
    server = spawn(path.join(primary.binDir, 'postgres'), ['-D', data, ...flags], {
      cwd: folder,
      stdio: 'ignore',
      ...account,
    })
    await untilReady(url.href)
  }
  const stop = async (signal: NodeJS.Signals = 'SIGINT') => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    const exit = once(server, 'exit')
    server.kill(signal)
    await exit
  }
  await start()
  return {
    url: url.href,
    start,
    stop,
    remove: async () => {
      await stop()
      watch.kill()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Stops the server when this process ends, even by SIGKILL: a shell waits for the end of a pipe that only we hold. */
function removeAtProcessEnd(data: string): ChildProcess {
  const script = 'read -r _; kill -QUIT "$(head -n 1 "$1/postmaster.pid")"'
  const watch = spawn('sh', ['-c', script, 'sh', data], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watch.unref()
  ;(watch.stdin as Socket).unref()
  return watch
}
