import pg from 'pg'
import { startCluster } from './cluster.ts'

/**
 * Gives a test run its PostgreSQL server: the one of `TEST_DATABASE_URL`, else one started here.
 * Workers, and the programs that tests spawn, learn of it from the environment.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const cluster = process.env.TEST_DATABASE_URL ? undefined : await startCluster()
  if (cluster) process.env.TEST_DATABASE_URL = cluster.url
  process.env.TEST_SERVER_VERSION = String(await serverVersion(process.env.TEST_DATABASE_URL))
  return async () => cluster?.stop()
}

/** Major version of a running server. */
async function serverVersion(url: string | undefined): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ server_version_num: string }>('SHOW server_version_num')
  await client.end()
  return Math.floor(Number(rows[0]?.server_version_num) / 10_000)
}
