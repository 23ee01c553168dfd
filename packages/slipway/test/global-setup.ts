import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { startCluster } from './cluster.ts'

/**
 * Gives a test run its PostgreSQL server: the one of `TEST_DATABASE_URL`, else one started here.
 * Its temporary folder is the run's own, too, and is removed with all that tests leave there. Workers, and
 * the programs that tests spawn, learn of both from the environment.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const temporary = mkdtempSync(path.join(os.tmpdir(), 'slipway-test-'))
  // Servers run under another account where we are root: they pass through it to their own folders.
  chmodSync(temporary, 0o711)
  // Installed builds of PostgreSQL stay for the next run.
  process.env.TEST_BUILDS ??= path.join(os.tmpdir(), 'slipway-postgres')
  process.env.TMPDIR = temporary
  const cluster = process.env.TEST_DATABASE_URL ? undefined : await startCluster()
  if (cluster) process.env.TEST_DATABASE_URL = cluster.url
  process.env.TEST_SERVER_VERSION = String(await serverVersion(process.env.TEST_DATABASE_URL))
  return async () => {
    await cluster?.stop()
    rmSync(temporary, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Major version of a running server. */
async function serverVersion(url: string | undefined): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ server_version_num: string }>('SHOW server_version_num')
  await client.end()
  return Math.floor(Number(rows[0]?.server_version_num) / 10_000)
}
