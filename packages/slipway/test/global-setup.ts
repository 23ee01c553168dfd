import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { clientBinaries } from './binaries.ts'
import { startCluster } from './cluster.ts'

/**
 * Provides the PostgreSQL server of a test run: the one of `TEST_DATABASE_URL`, otherwise one started here.
 * Also creates a temporary folder for the run, which is removed with everything that tests leave there.
 * Workers and spawned programs find both through environment variables.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const temporary = mkdtempSync(path.join(os.tmpdir(), 'slipway-test-'))
  // If this process is root, servers run under another account, which must be able to enter this folder.
  chmodSync(temporary, 0o711)
  // Installed builds of PostgreSQL are kept for the next run.
  process.env.TEST_BUILDS ??= path.join(os.tmpdir(), 'slipway-postgres')
  process.env.TMPDIR = temporary
  const cluster = process.env.TEST_DATABASE_URL ? undefined : await startCluster()
  if (cluster) process.env.TEST_DATABASE_URL = cluster.url
  const version = await serverVersion(process.env.TEST_DATABASE_URL)
  process.env.TEST_SERVER_VERSION = String(version)
  if (clientBinaries(version) === undefined) {
    process.stderr.write(
      `Tests that need psql and pg_dump are skipped: this machine has none for PostgreSQL ${version}.\n`,
    )
  }
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
