import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { clientBinaries } from './binaries.ts'

export { type Cluster, startCluster } from './cluster.ts'

/** A separate database for a test, on the test server. */
export interface TestDatabase {
  readonly url: string
  readonly name: string
  /** Ends its sessions and drops it. */
  drop(): Promise<void>
}

/** Connection string of the test server (a superuser, a maintenance database). */
export function serverUrl(): string {
  const url = process.env.TEST_DATABASE_URL
  if (!url) throw new Error('TEST_DATABASE_URL is not set: run the tests through vitest')
  return url
}

/** The folder of a `psql` and `pg_dump` that support the test server, if there is one. */
export function postgresBin(): string | undefined {
  return clientBinaries(Number(process.env.TEST_SERVER_VERSION))
}

/**
 * Creates a database: empty, or a copy of the database named `template`, which must have no sessions at
 * that moment. `server` is the connection string of the server, the test server if absent.
 */
export async function createDatabase(
  options: { template?: string; server?: string } = {},
): Promise<TestDatabase> {
  const { template = 'template0', server = serverUrl() } = options
  const name = `slipway_test_${randomBytes(6).toString('hex')}`
  await onServer(server, `CREATE DATABASE ${name} TEMPLATE ${pg.escapeIdentifier(template)}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  const drop = () => onServer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  return { url: url.href, name, drop }
}

async function onServer(server: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
