import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import type { Socket } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { ConnectionString, takeFolderLock } from '../../kernel/index.ts'
import type { Address } from '../port.ts'
import type { Programs } from './programs.ts'

/** PostgreSQL refuses to run as root; there it runs as the account of `postgres`, or as `nobody`. */
interface Account {
  readonly uid: number
  readonly gid: number
}

const SUPERUSER = 'postgres'
const START_TIMEOUT_MS = 20_000
const PLACES = 4
/** Nobody else uses the server, and its data need not survive a crash. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  max_connections: '100',
  shared_buffers: '32MB',
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  autovacuum: 'off',
  jit: 'off',
}

/** A running private server. */
export interface LocalServer {
  /** The address of one of its databases. */
  address(database: string): Address & { readonly kind: 'postgres' }
  /** Lets this process end while the server runs; the server then ends with it. */
  unref(): void
}

/**
 * Runs a private PostgreSQL server for `work`, from the programs of this machine: its folder under `home`
 * is created on the first use and kept for the next. Only this account can reach it, by a socket in a
 * folder of its own. It ends with `work`, and with this process even after SIGKILL. Returns nothing if
 * no server is available: four others run, no account may run it, or it does not start.
 */
export async function withLocalServer<T>(
  programs: Programs,
  home: string,
  work: (server: LocalServer) => Promise<T>,
): Promise<{ readonly value: T } | undefined> {
  const account = serverAccount()
  if (account === 'none' || process.platform === 'win32') return undefined
  const place = takePlace(programs, home, account)
  if (place === undefined) return undefined
  const running = await start(programs, place, account)
  if (running === undefined) return undefined
  try {
    const address = (database: string) => addressOf(running.socketDir, database)
    return { value: await work({ address, unref: running.unref }) }
  } finally {
    await running.stop()
  }
}

function addressOf(socketDir: string, database: string): ReturnType<LocalServer['address']> {
  const url = `postgresql://${SUPERUSER}@localhost/${database}?host=${encodeURIComponent(socketDir)}`
  return { kind: 'postgres', url: new ConnectionString(url) }
}

/** As root: the account of `postgres`, or else of `nobody`. Otherwise the current account, `own`. */
export function serverAccount(): Account | 'own' | 'none' {
  if (process.getuid?.() !== 0) return 'own'
  try {
    const accounts = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
    const fields = ['postgres', 'nobody']
      .map((name) => accounts.find((account) => account[0] === name))
      .find((account) => account !== undefined)
    return fields ? { uid: Number(fields[2]), gid: Number(fields[3]) } : 'none'
  } catch {
    return 'none'
  }
}

/** A folder for a server's data, which only this process uses until it releases it. */
interface Place {
  readonly folder: string
  release(): void
}

/**
 * Takes the first free place, of four: each running command has a server. As root they are in the
 * temporary folder, because the other account may not reach the project.
 */
function takePlace(programs: Programs, home: string, account: Account | 'own'): Place | undefined {
  try {
    const root = account === 'own' ? home : os.tmpdir()
    mkdirSync(root, { recursive: true })
    const prefix = account === 'own' ? 'server' : 'slipway-server'
    for (let number = 1; number <= PLACES; number++) {
      const folder = path.join(root, `${prefix}-${programs.major}-${number}`)
      const release = takeFolderLock(`${folder}.lock`)
      if (release === undefined) continue
      if (makeOwn(folder, account)) return { folder, release }
      release()
    }
  } catch {
    // A folder without write access holds no server.
  }
  return undefined
}

/** Creates the folder. An existing one must belong to the account and must not be a link. */
function makeOwn(folder: string, account: Account | 'own'): boolean {
  if (!existsSync(folder)) {
    mkdirSync(folder, { mode: 0o700 })
    if (account !== 'own') chownSync(folder, account.uid, account.gid)
  }
  const found = lstatSync(folder)
  return found.isDirectory() && (account === 'own' || found.uid === account.uid)
}

interface Running {
  readonly socketDir: string
  unref(): void
  stop(): Promise<void>
}

async function start(
  programs: Programs,
  { folder, release }: Place,
  account: Account | 'own',
): Promise<Running | undefined> {
  const identity = account === 'own' ? {} : account
  const dataDir = path.join(folder, 'data')
  const socketDir = mkdtempSync(path.join(os.tmpdir(), 'slipway-'))
  if (account !== 'own') chownSync(socketDir, account.uid, account.gid)
  const giveUp = () => {
    rmSync(socketDir, { recursive: true, force: true })
    release()
    return undefined
  }
  try {
    await untilGone(path.join(dataDir, 'postmaster.pid'))
    if (!existsSync(path.join(folder, 'ready'))) await initialise(programs, folder, identity)
    const keeper = launch({ programs, dataDir, socketDir, identity })
    await ready(keeper)
    return {
      socketDir,
      unref: () => {
        keeper.unref()
        // Pipes of a child are sockets, whatever their types say.
        for (const pipe of [keeper.stdin, keeper.stderr]) (pipe as Socket | null)?.unref()
      },
      stop: async () => {
        const ended = once(keeper, 'exit')
        keeper.stdin?.end()
        await ended
        giveUp()
      },
    }
  } catch {
    // The next command creates a broken folder again; this one uses another shadow database.
    rmSync(path.join(folder, 'ready'), { force: true })
    return giveUp()
  }
}

const run = promisify(execFile)

async function initialise(
  programs: Programs,
  folder: string,
  identity: Partial<Account>,
): Promise<void> {
  const dataDir = path.join(folder, 'data')
  rmSync(dataDir, { recursive: true, force: true })
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  if (identity.uid !== undefined && identity.gid !== undefined)
    chownSync(dataDir, identity.uid, identity.gid)
  const args = [
    '-D',
    dataDir,
    '-U',
    SUPERUSER,
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C',
    '--no-sync',
  ]
  await run(path.join(programs.dir, 'initdb'), args, { cwd: folder, ...identity })
  writeFileSync(path.join(folder, 'ready'), '')
}

/**
 * Starts the server under a shell that waits for the end of a pipe which only this process holds, and then
 * ends the server. So the server does not outlive this process, even after SIGKILL.
 */
function launch(options: {
  readonly programs: Programs
  readonly dataDir: string
  readonly socketDir: string
  readonly identity: Partial<Account>
}): ChildProcess {
  const { programs, dataDir, socketDir, identity } = options
  const settings = { ...SETTINGS, unix_socket_directories: socketDir }
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const script = '"$@" </dev/null & server=$!; read -r _; kill -INT $server; wait $server'
  const command = [path.join(programs.dir, 'postgres'), '-D', dataDir, ...args]
  return spawn('sh', ['-c', script, 'sh', ...command], {
    cwd: dataDir,
    // In a process group of its own: Slipway handles a Ctrl-C at the terminal.
    detached: true,
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['pipe', 'ignore', 'pipe'],
    ...identity,
  })
}

/** Waits for the server to say that it takes connections. */
async function ready(keeper: ChildProcess): Promise<void> {
  const started = Promise.withResolvers<void>()
  const fail = () => started.reject(new TypeError('the private server did not start'))
  const timer = setTimeout(fail, START_TIMEOUT_MS)
  keeper.stderr?.on('data', (text: Buffer) => {
    if (text.includes('ready to accept connections')) started.resolve()
    if (text.includes('database system is shut down')) fail()
  })
  keeper.once('exit', fail)
  keeper.once('error', fail)
  try {
    await started.promise
  } finally {
    clearTimeout(timer)
  }
}

async function untilGone(file: string): Promise<void> {
  const deadline = performance.now() + 5000
  while (existsSync(file) && performance.now() < deadline) await sleep(10)
}
