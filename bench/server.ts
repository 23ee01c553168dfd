import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { type Cluster, startCluster } from '../packages/slipway/test/postgres.ts'
import { TABLE_PREFIX } from './work.ts'

/** The benchmark's own server, with PostgreSQL's default durability. */
export interface BenchServer {
  /** As `server_version`: `15.18 (Debian …)`. */
  readonly version: string
  /** The server's data folder. */
  readonly dataFolder: string
  /**
   * Median time of one INSERT and its commit, in milliseconds: the cost of a transaction on this machine.
   */
  readonly commitMs: number
  /** Creates an empty database, runs a checkpoint, and returns the connection string. */
  createDatabase(): Promise<string>
  dropDatabase(url: string): Promise<void>
  /** The numbers of the work's tables and of their name indexes in a database. */
  countWork(url: string): Promise<{ tables: number; indexes: number }>
}

/**
 * PostgreSQL's defaults for the settings that the tests' server turns off, and enough locks for a
 * migration of 5,000 tables.
 */
const DURABLE = {
  fsync: 'on',
  full_page_writes: 'on',
  max_wal_size: '1GB',
  max_connections: '100',
  max_locks_per_transaction: '1024',
}

/** Starts the server, with further settings, passes it to `work`, and ends it. */
export async function withServer<T>(
  work: (server: BenchServer) => Promise<T>,
  settings: Readonly<Record<string, string>> = {},
): Promise<T> {
  const cluster = await startCluster({ settings: { ...DURABLE, ...settings } })
  const client = new pg.Client({ connectionString: cluster.url })
  await client.connect()
  try {
    return await work(await benchServer(cluster, client))
  } finally {
    await client.end()
    await cluster.stop()
  }
}

async function benchServer(cluster: Cluster, client: pg.Client): Promise<BenchServer> {
  const { rows } = await client.query<{ version: string; folder: string }>(
    `SELECT current_setting('server_version') AS version, current_setting('data_directory') AS folder`,
  )
  return {
    version: rows[0]?.version ?? 'unknown',
    dataFolder: rows[0]?.folder ?? '',
    commitMs: await measureCommit(client),
    createDatabase: async () => {
      const name = `bench_${randomBytes(6).toString('hex')}`
      await client.query(`CREATE DATABASE ${name} TEMPLATE template0`)
      await client.query('CHECKPOINT')
      const url = new URL(cluster.url)
      url.pathname = `/${name}`
      // dbmate's driver requires TLS unless it is disabled; all peers get the same string.
      url.searchParams.set('sslmode', 'disable')
      return url.href
    },
    dropDatabase: async (url) => {
      const name = pg.escapeIdentifier(new URL(url).pathname.slice(1))
      await client.query(`DROP DATABASE ${name} WITH (FORCE)`)
    },
    countWork,
  }
}

async function measureCommit(client: pg.Client): Promise<number> {
  await client.query('CREATE TABLE commits (at timestamptz)')
  const times: number[] = []
  for (let i = 0; i < 101; i++) {
    const started = performance.now()
    await client.query('INSERT INTO commits VALUES (now())')
    times.push(performance.now() - started)
  }
  await client.query('DROP TABLE commits')
  return times.toSorted((a, b) => a - b)[50] ?? NaN
}

async function countWork(url: string): Promise<{ tables: number; indexes: number }> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ tables: number; indexes: number }>(
      `SELECT count(*) FILTER (WHERE relkind = 'r')::int AS tables,
              count(*) FILTER (WHERE relkind = 'i' AND relname LIKE '%\\_name\\_idx')::int AS indexes
       FROM pg_class WHERE relnamespace = 'public'::regnamespace AND starts_with(relname, $1)`,
      [TABLE_PREFIX],
    )
    return rows[0] ?? { tables: 0, indexes: 0 }
  } finally {
    await client.end()
  }
}
