import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { serverAccount } from '../src/database/postgres/server-account.ts'
import { type Binaries, serverBinariesOf } from './binaries.ts'
import { untilReady } from './run-sql.ts'

/** A separate PostgreSQL server in a temporary folder. */
export interface Cluster {
  /** Connection string of its superuser to the database `postgres`, with a random password. */
  readonly url: string
  readonly port: number
  /** Major version: 15. */
  readonly version: number
  readonly binDir: string
  readonly dataDir: string
  /** Process id of the postmaster. */
  readonly pid: number
  /** Ends the server with all its sessions, and removes its folder. */
  stop(): Promise<void>
  /** Ends the server as a power cut would; its folder stays until `stop`. */
  kill(): Promise<void>
}

export interface ClusterOptions {
  /** Major version; the preferred one if absent (see `serverBinariesOf`). */
  readonly version?: number
  /** Server settings: `{ max_connections: '20' }`. */
  readonly settings?: Readonly<Record<string, string>>
  /** Starts it as a read-only hot standby, which waits for a primary that never comes. */
  readonly standby?: boolean
  /** Environment variables of the server, in addition to this process's. */
  readonly env?: Readonly<Record<string, string>>
}

const DEFAULT_SETTINGS = {
  listen_addresses: '127.0.0.1',
  max_connections: '200',
  fsync: 'off',
  full_page_writes: 'off',
  max_wal_size: '2GB',
}
const SUPERUSER = 'postgres'

/** The account that a server runs under: PostgreSQL refuses to run as root. */
interface Account {
  readonly uid: number
  readonly gid: number
}

/** The folder and the connection parameters of a cluster, before it runs. */
interface Site {
  readonly binaries: Binaries
  readonly root: string
  readonly dataDir: string
  readonly password: string
  readonly account: Account | undefined
  /** See `removeAtProcessEnd`. */
  readonly watch: ChildProcess
}

const run = promisify(execFile)

/** Creates and starts a throw-away server. It ends with `stop`, or at the latest with this process. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const site = await initialise(serverBinariesOf(options.version))
  if (options.standby) writeFileSync(path.join(site.dataDir, 'standby.signal'), '')
  const port = await freePort()
  const settings = { ...DEFAULT_SETTINGS, ...options.settings, port: String(port) }
  const server = launch(site, settings, options.env)
  const url = `postgresql://${SUPERUSER}:${site.password}@127.0.0.1:${port}/postgres`
  // A stale process id may have been reused by another process.
  server.once('exit', () => site.watch.kill())

  const cluster: Cluster = {
    url,
    port,
    version: site.binaries.version,
    binDir: site.binaries.dir,
    dataDir: site.dataDir,
    pid: server.pid ?? 0,
    stop: async () => {
      await end(server, 'SIGINT')
      await rm(site.root, { recursive: true, force: true, maxRetries: 5 })
    },
    kill: () => end(server, 'SIGKILL'),
  }
  try {
    await untilReady(url, () => server.exitCode !== null)
  } catch (error) {
    const log = readFileSync(path.join(site.root, 'log'), 'utf8')
    await cluster.stop()
    throw new Error(`PostgreSQL did not start:\n${log}`, { cause: error })
  }
  return cluster
}

async function initialise(binaries: Binaries): Promise<Site> {
  const root = await mkdtemp(path.join(os.tmpdir(), 'slipway-pg-'))
  const watch = removeAtProcessEnd(root)
  const account = accountOfServer()
  if (account) chownSync(root, account.uid, account.gid)
  const dataDir = path.join(root, 'data')
  const password = randomBytes(12).toString('hex')
  const passwordFile = path.join(root, 'password')
  writeFileSync(passwordFile, password)
  const flags = {
    pgdata: dataDir,
    username: SUPERUSER,
    pwfile: passwordFile,
    'auth-local': 'trust',
    'auth-host': 'scram-sha-256',
    encoding: 'UTF8',
    locale: 'C',
  }
  const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)
  await run(path.join(binaries.dir, 'initdb'), ['--no-sync', ...args], { cwd: root, ...account })
  return { binaries, root, dataDir, password, account, watch }
}

function launch(
  site: Site,
  settings: Readonly<Record<string, string>>,
  env: ClusterOptions['env'],
): ChildProcess {
  const socketDir = path.join(site.root, 'socket')
  mkdirSync(socketDir)
  if (site.account) chownSync(socketDir, site.account.uid, site.account.gid)
  const all = { unix_socket_directories: socketDir, ...settings }
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const log = openSync(path.join(site.root, 'log'), 'a')
  return spawn(path.join(site.binaries.dir, 'postgres'), ['-D', site.dataDir, ...args], {
    cwd: site.root,
    env: { ...process.env, ...env },
    stdio: ['ignore', log, log],
    ...site.account,
  })
}

/**
 * Ends the server and removes its folder when this process ends, even by a SIGKILL: a shell in a separate
 * process group waits for the end of a pipe that only this process holds.
 */
function removeAtProcessEnd(root: string): ChildProcess {
  const script =
    'read -r _; kill -QUIT "$(head -n 1 "$1/data/postmaster.pid")"; sleep 2; rm -rf "$1"'
  const watch = spawn('sh', ['-c', script, 'sh', root], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watch.unref()
  ;(watch.stdin as Socket).unref()
  return watch
}

/** Sends the signal and waits for the server's end. Does nothing if it has ended. */
async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const exit = once(server, 'exit')
  server.kill(signal)
  await exit
}

/** The server's account if this process runs as root; undefined if it uses this process's account. */
function accountOfServer(): Account | undefined {
  const account = serverAccount()
  if (account === 'none')
    throw new Error('PostgreSQL refuses to run as root, and there is no other account')
  return account === 'own' ? undefined : account
}

/** A free port. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (typeof address !== 'object' || address === null) throw new Error('No free port')
  return address.port
}
