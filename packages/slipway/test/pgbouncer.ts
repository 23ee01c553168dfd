import { spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { untilEnd } from './bad-input/until-end.ts'
import { type Cluster, freePort } from './cluster.ts'

/** Whether this machine has a `pgbouncer`. */
export const hasPgbouncer: boolean = spawnSync('pgbouncer', ['--version']).status === 0

/** A pooler in front of a cluster. */
export interface Pooler {
  /** Connection string of a database of the cluster, through the pooler. */
  urlOf(database: string): string
  stop(): Promise<void>
}

export interface PoolerOptions {
  readonly mode: 'transaction' | 'session' | 'statement'
  /** Settings of pgbouncer.ini: `{ server_round_robin: '1' }`. */
  readonly settings?: Readonly<Record<string, string>>
  /** Aliases of databases: `{ shop: 'shop_2026' }`. */
  readonly aliases?: Readonly<Record<string, string>>
}

/** Starts `pgbouncer` in front of a cluster, under the server's account, because it refuses to run as root. */
export async function startPgbouncer(cluster: Cluster, options: PoolerOptions): Promise<Pooler> {
  const dir = mkdtempSync(path.join(tmpdir(), 'slipway-pgbouncer-'))
  const { uid, gid } = statSync(cluster.dataDir)
  const port = await freePort()
  const { username, password, hostname } = new URL(cluster.url)
  const server = `host=${hostname} port=${cluster.port} user=${username} password=${password}`
  const databases: Readonly<Record<string, string>> = { '*': '', ...options.aliases }
  const own = {
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    auth_type: 'any',
    pool_mode: options.mode,
    max_client_conn: '200',
    ...options.settings,
  }
  const settings = [
    '[databases]',
    ...Object.entries(databases).map(
      ([name, real]) => `${name} = ${server}${real === '' ? '' : ` dbname=${real}`}`,
    ),
    '[pgbouncer]',
    ...Object.entries(own).map(([name, value]) => `${name} = ${value}`),
  ]
  const file = path.join(dir, 'pgbouncer.ini')
  writeFileSync(file, settings.join('\n'), { mode: 0o600 })
  for (const owned of [dir, file]) chownSync(owned, uid, gid)
  const account =
    process.getuid?.() === 0
      ? ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
      : []
  const script = 'dir=$1; shift; "$@" & read -r _; kill $!; wait; rm -rf "$dir"'
  const stop = untilEnd(script, [dir, ...account, 'pgbouncer', '--quiet', file])
  await untilListening(port)
  const urlOf = (database: string) =>
    `postgresql://${username}:${password}@127.0.0.1:${port}/${database}`
  return { urlOf, stop }
}

async function untilListening(port: number): Promise<void> {
  for (const deadline = Date.now() + 10_000; ; await sleep(20)) {
    const socket = connect(port, '127.0.0.1')
    const open = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (open) return
    if (Date.now() > deadline) throw new Error('pgbouncer does not accept connections')
  }
}
