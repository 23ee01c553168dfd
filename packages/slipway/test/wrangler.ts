import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** The outcome of a run of wrangler. */
export interface WranglerRun {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface WranglerOptions {
  /** The Worker: the folder with its `wrangler.jsonc`. */
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

const CLI = fileURLToPath(new URL('../bin/wrangler.js', import.meta.resolve('wrangler')))

/** Runs Cloudflare's wrangler, the oracle for its behaviour, on a local D1 or a stand-in of its API. */
export async function wrangler(
  args: readonly string[],
  { cwd, env = {} }: WranglerOptions,
): Promise<WranglerRun> {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd,
    env: {
      ...process.env,
      CI: '1',
      NO_COLOR: '1',
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_HIDE_BANNER: 'true',
      WRANGLER_LOG_PATH: path.join(cwd, '.wrangler/logs'),
      ...env,
    },
  })
  child.stdin.end()
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (exit) => resolve(exit ?? 1))
    }),
  ])
  return { code, stdout, stderr }
}

/** The D1 database of a test Worker. */
export interface TestD1 {
  readonly name: string
  readonly id: string
}

/** Writes a Worker with one D1 database, bound as `DB`, into a new folder. Returns the folder. */
export function writeWorker({ name, id }: TestD1): string {
  const root = mkdtempSync(path.join(tmpdir(), 'slipway-worker-'))
  const config = {
    name: 'shop',
    compatibility_date: '2026-10-01',
    account_id: 'a'.repeat(32),
    d1_databases: [{ binding: 'DB', database_name: name, database_id: id }],
  }
  writeFileSync(path.join(root, 'wrangler.jsonc'), `${JSON.stringify(config, null, 2)}\n`)
  return root
}

/** Adds what Slipway needs next to a Worker: a Prisma schema for SQLite and a migrations folder. */
export function addProject(root: string): void {
  for (const folder of ['migrations', 'prisma', '.git']) mkdirSync(path.join(root, folder))
  const datasource = 'datasource db {\n  provider = "sqlite"\n}\n'
  writeFileSync(path.join(root, 'prisma/schema.prisma'), datasource)
}

/** The folder in which wrangler keeps the local databases of a Worker. */
export function localState(root: string): string {
  return path.join(root, '.wrangler/state/v3/d1/miniflare-D1DatabaseObject')
}

/** The file of the one local database of a Worker. */
export function localDatabase(root: string): string {
  const name = readdirSync(localState(root)).find((one) => /^[0-9a-f]{64}\.sqlite$/.test(one)) ?? ''
  return path.join(localState(root), name)
}
