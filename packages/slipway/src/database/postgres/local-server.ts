import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConnectionString } from '../../kernel/index.ts'
import type { Address } from '../port.ts'
import type { Programs } from './programs.ts'
import { ADMINISTRATOR, SANDBOXED } from './sandbox.ts'
import { type Account, serverAccount } from './server-account.ts'
import { type Place, SERVER_ENVIRONMENT, takePlace } from './server-folder.ts'

const START_TIMEOUT_MS = 20_000
const PORT = '5432'
/**
 * The server has no other users, and its data need not survive a crash. SQL under test cannot change
 * these settings.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  port: PORT,
  max_connections: '100',
  // One transaction creates or drops a schema of 5,000 tables: some 30,000 locks.
  max_locks_per_transaction: '1024',
  shared_buffers: '32MB',
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  autovacuum: 'off',
  jit: 'off',
  max_wal_senders: '0',
  max_wal_size: '256MB',
  temp_file_limit: '1GB',
}
/** The most memory that a process of the server may have, in KiB. */
const MEMORY_KIB = 4 * 1024 * 1024

type ServerAddress = Address & { readonly kind: 'postgres' }

/** A running private server. */
export interface LocalServer {
  /** The address of one of its databases for SQL under test: see sandbox.ts. */
  address(database: string): ServerAddress
  /** The address of one of its databases for the superuser. */
  admin(database: string): ServerAddress
  /** Lets this process end while the server runs; the server then ends with it. */
  unref(): void
}

/**
 * Runs a private PostgreSQL server for `work`, from the programs of this machine. Its data is kept for
 * the next command on the project; see server-folder.ts. Only this account can reach it, through a socket
 * in a private folder. It ends with `work`, and with this process even after SIGKILL. Returns undefined
 * if no server is available: four others run, no account may run it, or it does not start.
 */
export async function withLocalServer<T>(
  programs: Programs,
  project: string,
  work: (server: LocalServer) => Promise<T>,
): Promise<{ readonly value: T } | undefined> {
  const account = serverAccount()
  if (account === 'none' || process.platform === 'win32') return undefined
  const folder = mkdtempSync(path.join(os.tmpdir(), 'slipway-'))
  try {
    if (account !== 'own') chownSync(folder, account.uid, account.gid)
    const running = await start({ programs, project, folder, account })
    if (running === undefined) return undefined
    try {
      const address = (database: string) => addressOf(SANDBOXED, { folder, database })
      const admin = (database: string) => addressOf(ADMINISTRATOR, { folder, database })
      return { value: await work({ address, admin, unref: running.unref }) }
    } finally {
      await running.stop()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function addressOf(
  user: string,
  { folder, database }: { readonly folder: string; readonly database: string },
): ServerAddress {
  const url = `postgresql://${user}@localhost:${PORT}/${database}?host=${encodeURIComponent(folder)}`
  return { kind: 'postgres', url: new ConnectionString(url) }
}

interface Running {
  unref(): void
  stop(): Promise<void>
}

/** Where a server will run. */
interface Site {
  readonly programs: Programs
  readonly project: string
  /** A temporary folder for its socket. */
  readonly folder: string
  readonly account: Account | 'own'
}

async function start(site: Site): Promise<Running | undefined> {
  // A machine without a writable folder has no private server.
  const place = await takePlace(site).catch(() => undefined)
  if (place === undefined) return undefined
  try {
    await untilGone(path.join(place.dataDir, 'postmaster.pid'))
    const keeper = launch(site, place)
    await ready(keeper)
    return {
      unref: () => {
        keeper.unref()
        // Pipes of a child process are sockets, despite their types.
        for (const pipe of [keeper.stdin, keeper.stderr]) (pipe as Socket | null)?.unref()
      },
      stop: async () => {
        const ended = once(keeper, 'exit')
        keeper.stdin?.end()
        await ended
        place.release()
      },
    }
  } catch {
    // The next command creates the folder again if it is broken; this one uses another shadow database.
    place.discard()
    place.release()
    return undefined
  }
}

/**
 * Starts the server under a shell that waits for the end of a pipe that only this process holds, then
 * ends the server and removes its temporary folder. So the server does not outlive this process, even
 * after SIGKILL. Neither gets the environment of this process, which may contain secrets.
 */
function launch({ programs, folder, account }: Site, { dataDir }: Place): ChildProcess {
  const settings = { ...SETTINGS, unix_socket_directories: folder }
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const command = [path.join(programs.dir, 'postgres'), '-D', dataDir, ...args]
  return spawn('/bin/sh', ['-c', KEEPER, 'sh', folder, ...command], {
    cwd: '/',
    // In its own process group: Slipway handles a Ctrl-C at the terminal.
    detached: true,
    env: SERVER_ENVIRONMENT,
    stdio: ['pipe', 'ignore', 'pipe'],
    ...(account === 'own' ? {} : account),
  })
}

/**
 * Its arguments: the folder to remove when the server ends, and the command. macOS does not limit memory.
 */
const KEEPER = `ulimit -v ${MEMORY_KIB} 2>/dev/null
folder=$1; shift
"$@" </dev/null & server=$!
read -r _; kill -INT $server; wait $server
rm -rf "$folder"`

/** Waits for the server to report that it accepts connections. */
async function ready(keeper: ChildProcess): Promise<void> {
  const started = Promise.withResolvers<void>()
  const fail = () => started.reject(new TypeError('the private server did not start'))
  const listen = (text: Buffer) => {
    if (text.includes('ready to accept connections')) started.resolve()
    if (text.includes('FATAL') || text.includes('database system is shut down')) fail()
  }
  const timer = setTimeout(fail, START_TIMEOUT_MS)
  keeper.stderr?.on('data', listen)
  keeper.once('exit', fail)
  keeper.once('error', fail)
  try {
    await started.promise
  } catch (error) {
    keeper.stdin?.end()
    throw error
  } finally {
    clearTimeout(timer)
    // Its further output is read, so that it never waits for a reader, and discarded.
    keeper.stderr?.off('data', listen).resume()
  }
}

async function untilGone(file: string): Promise<void> {
  const deadline = performance.now() + 5000
  while (existsSync(file) && performance.now() < deadline) await sleep(10)
}
