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
 * that moment.
 */
export async function createDatabase(options: { template?: string } = {}): Promise<TestDatabase> {
  const name = `slipway_test_${randomBytes(6).toString('hex')}`
  const template = pg.escapeIdentifier(options.template ?? 'template0')
  await onServer(`CREATE DATABASE ${name} TEMPLATE ${template}`)
  const url = new URL(serverUrl())
  url.pathname = `/${name}`
  const drop = () => onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  return { url: url.href, name, drop }
}

async function onServer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl() })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
