import type { PoolConfig as PgPoolConfig } from 'pg'
import { PoolConfigError } from './failure.ts'
import { tlsOptions } from './tls.ts'

/**
 * Where the application runs: `server`, a long-lived process that serves many requests; `serverless`, a process
 * that serves one request at a time and may be frozen between requests; `behind-pooler`, a process that connects to
 * PgBouncer or another pooler in transaction mode.
 */
export type PoolPreset = 'server' | 'serverless' | 'behind-pooler'

export interface PoolOptions {
  /** Shown in `pg_stat_activity`. Default: `application_name` of the connection string, or the npm package name. */
  readonly applicationName?: string
  /** Maximum connections of this process. Default: `connection_limit` of the connection string, or the preset's. */
  readonly max?: number
  /** How long an operation waits for a connection, in ms. */
  readonly acquireTimeout?: number
  /** When the server cancels a statement, in ms; 0 means never. */
  readonly statementTimeout?: number
  /** When the server terminates a session that is idle in a transaction, in ms; 0 means never. */
  readonly idleInTransactionTimeout?: number
  /** How long a connection lives, in seconds: so connections leave an old primary, and spread over new replicas. */
  readonly maxLifetimeSeconds?: number
}

/** A configuration for `pg.Pool`, or for `new PrismaPg(…)`, which passes it on. */
export interface PoolConfig extends PgPoolConfig {
  readonly max: number
  readonly connectionTimeoutMillis: number
}

interface Defaults extends Required<Omit<PoolOptions, 'applicationName'>> {
  readonly idleTimeout: number
}

const PRESETS: Readonly<Record<PoolPreset, Defaults>> = {
  server: {
    max: 10,
    acquireTimeout: 5000,
    statementTimeout: 30_000,
    idleInTransactionTimeout: 15_000,
    maxLifetimeSeconds: 1800,
    idleTimeout: 30_000,
  },
  // A frozen process holds its connections without using them: so it gets few, and releases them soon.
  serverless: {
    max: 2,
    acquireTimeout: 5000,
    statementTimeout: 15_000,
    idleInTransactionTimeout: 10_000,
    maxLifetimeSeconds: 300,
    idleTimeout: 5000,
  },
  // The pooler queues requests: its purpose is to serve more clients than there are server connections.
  'behind-pooler': {
    max: 20,
    acquireTimeout: 10_000,
    statementTimeout: 30_000,
    idleInTransactionTimeout: 15_000,
    maxLifetimeSeconds: 1800,
    idleTimeout: 30_000,
  },
}

/**
 * Parameters of Prisma and libpq that do not reach the driver: they are translated below, or have no equivalent in it
 * (`pgbouncer`, `schema`, `socket_timeout`, `statement_cache_size`). Any other is passed on unchanged.
 */
const CONSUMED = [
  'application_name',
  'connect_timeout',
  'connection_limit',
  'pgbouncer',
  'pool_timeout',
  'schema',
  'socket_timeout',
  'sslaccept',
  'sslcert',
  'sslkey',
  'sslmode',
  'sslrootcert',
  'statement_cache_size',
]

/**
 * The configuration of a connection pool for an application on PostgreSQL. It supports the parameters that Prisma 6
 * read from the connection string: `connection_limit`, `pool_timeout` and `connect_timeout` (seconds), `sslmode`,
 * `sslcert`, `sslaccept=strict`, `application_name`. It ignores `socket_timeout`, `pgbouncer` and `statement_cache_size`. `schema`
 * belongs to the adapter: `new PrismaPg(pool, { schema })`.
 *
 * `behind-pooler` sends no session settings: a transaction pooler rejects them, or passes them on to the next
 * client. Set the timeouts on the role instead: `ALTER ROLE app SET statement_timeout = '30s'`.
 *
 * Throws a {@link PoolConfigError} if the connection string is missing or cannot be parsed; its message never contains
 * the string.
 */
export function poolConfig(
  connectionString: string | undefined,
  preset: PoolPreset = 'server',
  options: PoolOptions = {},
): PoolConfig {
  const url = parse(connectionString)
  const parameters = new Map(url.searchParams)
  for (const name of CONSUMED) url.searchParams.delete(name)
  const defaults = PRESETS[preset]
  const ssl = tlsOptions(parameters, parameters.get('host') ?? url.hostname)
  const wait = seconds(parameters, 'pool_timeout') ?? seconds(parameters, 'connect_timeout')
  return {
    connectionString: url.href,
    max: options.max ?? count(parameters, 'connection_limit') ?? defaults.max,
    connectionTimeoutMillis: options.acquireTimeout ?? wait ?? defaults.acquireTimeout,
    idleTimeoutMillis: defaults.idleTimeout,
    maxLifetimeSeconds: options.maxLifetimeSeconds ?? defaults.maxLifetimeSeconds,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name:
      options.applicationName ?? parameters.get('application_name') ?? packageName(),
    ...(ssl !== undefined && { ssl }),
    ...(preset === 'serverless' && { allowExitOnIdle: true }),
    ...(preset !== 'behind-pooler' && {
      statement_timeout: options.statementTimeout ?? defaults.statementTimeout,
      idle_in_transaction_session_timeout:
        options.idleInTransactionTimeout ?? defaults.idleInTransactionTimeout,
    }),
  }
}

function parse(connectionString: string | undefined): URL {
  if (connectionString === undefined || connectionString === '') {
    throw new PoolConfigError(
      'There is no connection string: is the environment variable set, and was it loaded?',
    )
  }
  const problem =
    'The connection string must be of the form postgresql://user:password@host:port/database.'
  if (!URL.canParse(connectionString)) throw new PoolConfigError(problem)
  const url = new URL(connectionString)
  if (!['postgres:', 'postgresql:'].includes(url.protocol)) throw new PoolConfigError(problem)
  return url
}

function count(parameters: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = parameters.get(name)
  if (text === undefined) return undefined
  if (!/^\d{1,6}$/.test(text)) {
    throw new PoolConfigError(
      `The parameter ${name} of the connection string must be a whole number.`,
    )
  }
  return Number(text)
}

/** A parameter in seconds, as ms; undefined for 0, which meant "forever". */
function seconds(parameters: ReadonlyMap<string, string>, name: string): number | undefined {
  const value = count(parameters, name)
  return value === undefined || value === 0 ? undefined : value * 1000
}

function packageName(): string {
  return process.env['npm_package_name'] ?? 'prisma'
}
