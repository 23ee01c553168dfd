import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { advice, attempt, command, type ConnectionString } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import type { ServerInfo, Session, SessionOptions } from '../port.ts'
import { locate, type PostgresLocation } from './connection-string.ts'
import { raiseServerError } from './server-error.ts'
import { connectionOf, createSession } from './session.ts'
import { type Pin, pinsFor, pinSql, unpinSql } from './settings.ts'
import { refusesTlsChoice, type Tls, tlsAttempts } from './tls.ts'

const OLDEST = 130_000
/** Prisma's default if the connection string names no schema, regardless of the role's search_path. */
const DEFAULT_SCHEMA = 'public'
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000

/** Opens one pinned connection to a server, passes it to `work`, and always closes it. */
export async function withPostgres<T>(
  url: ConnectionString,
  options: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return await openPostgres(locate(url), options, work)
}

/** Like `withPostgres`, with the parts of a connection string. */
export async function openPostgres<T>(
  location: PostgresLocation,
  options: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const where = `${location.host}:${location.port}`
  const connected = await connect(location, options, where)
  const { client } = connected
  const server = serverInfo(connected, location)
  let destroyed = false
  const destroy = () => {
    destroyed = true
    streamOf(client).destroy()
  }
  try {
    refuseOld(server)
    const cancel = () => cancelBackend(location, options, connected)
    const { onNotice } = options
    const copyIn = (sql: string, chunks: AsyncIterable<string>) => copyTo(client, sql, chunks)
    const parts = { client, server, where, types: pg.types, onNotice, copyIn, cancel, destroy }
    const session = createSession({ kind: 'postgres', ...parts })
    if (!server.pooled || location.schema === undefined) return await work(session)
    return await withPooledSchema(session, location, work)
  } finally {
    if (!destroyed) await endQuietly(client)
  }
}

/**
 * Runs work with `?schema=` and the pinned settings behind a session pooler, and resets them, because not
 * every pooler does. With any other pooling, the settings would reach other clients, so it fails with
 * DATABASE.POOLER.
 */
async function withPooledSchema<T>(
  session: Session,
  location: PostgresLocation,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { poolingOf, refusePooling } = await import('./pooler.ts')
  const pooling = await poolingOf(session, location)
  if (pooling !== 'session') return refusePooling(pooling)
  const path = `SET search_path TO ${pg.escapeIdentifier(session.server.schema)};\n`
  await session.execute(path + pinSql(session))
  try {
    return await work(session)
  } finally {
    await attempt(() => session.execute(`RESET search_path;\n${unpinSql(session)}`))
  }
}

async function copyTo(
  client: pg.Client,
  sql: string,
  chunks: AsyncIterable<string>,
): Promise<number> {
  const { from } = await import('pg-copy-streams')
  const stream = client.query(from(sql))
  await pipeline(Readable.from(chunks), stream)
  return stream.rowCount
}

interface Connected {
  readonly client: pg.Client
  readonly tls: Tls
  /** Settings that the server reports by itself during start-up. */
  readonly parameters: ReadonlyMap<string, string>
  readonly greeting: Greeting
}

/** The first answer of the server. */
interface Greeting {
  /** Process id of the backend that answers. */
  readonly pid: number
  readonly database: string
  /** See `ServerInfo.started`. */
  readonly started: string
  /** See `ServerInfo.pins`. */
  readonly pins: readonly Pin[]
}

async function connect(
  location: PostgresLocation,
  options: SessionOptions,
  where: string,
): Promise<Connected> {
  const attempts = tlsAttempts(location)
  for (const [index, ssl] of attempts.entries()) {
    try {
      return await connectOnce(location, options, ssl)
    } catch (error) {
      const last = index === attempts.length - 1
      if (last || !refusesTlsChoice(error)) raiseServerError(error, { where, user: location.user })
    }
  }
  return raise('DATABASE.UNREACHABLE', { message: `No PostgreSQL server answers at ${where}.` })
}

async function connectOnce(
  location: PostgresLocation,
  options: SessionOptions,
  ssl: Tls,
): Promise<Connected> {
  const timeoutMs =
    options.connectTimeoutMs ?? location.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS
  const client = new pg.Client({
    host: location.host,
    port: location.port,
    user: location.user,
    database: location.database,
    ...(location.password === undefined ? {} : { password: location.password }),
    ssl,
    sslnegotiation: 'postgres',
    client_encoding: 'utf8',
    application_name: options.applicationName ?? 'slipway',
    connectionTimeoutMillis: timeoutMs,
    keepAlive: true,
    types: { getTypeParser: () => (text: string) => text },
  })
  forgetEnvironment(client)
  const parameters = new Map<string, string>()
  connectionOf(client).on(
    'parameterStatus',
    (status: { parameterName: string; parameterValue: string }) =>
      parameters.set(status.parameterName, status.parameterValue),
  )
  // The next call reports a connection that broke while idle; without a listener it would end the process.
  client.on('error', () => {})
  await client.connect()
  if (options.output) limitOutput(client, options.output)
  // A pooler accepts a client before it has a server connection for it. 0 is no limit, as for libpq.
  const expire = () => streamOf(client).destroy(new Error('timeout expired'))
  const timer = timeoutMs > 0 ? setTimeout(expire, timeoutMs) : undefined
  try {
    return { client, tls: ssl, parameters, greeting: await greet({ client, parameters }, location) }
  } catch (error) {
    await endQuietly(client)
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Ignores PGOPTIONS and PGREPLICATION, which `pg` reads: only the connection string may determine the
 * session.
 */
function forgetEnvironment(client: pg.Client): void {
  const { connectionParameters } = client as unknown as { connectionParameters: object }
  Object.assign(connectionParameters, { options: undefined, replication: undefined })
}

function limitOutput(
  client: pg.Client,
  { maxBytes, onExcess }: NonNullable<SessionOptions['output']>,
): void {
  const stream = streamOf(client)
  let received = 0
  client.on('drain', () => (received = 0))
  stream.on('data', (chunk: Buffer) => {
    received += chunk.length
    if (received <= maxBytes) return
    onExcess()
    stream.destroy()
  })
}

/**
 * Sets the default schema and the pinned settings, and asks which backend answers: in one message, because
 * each session sends it. Behind a pooler, another backend than that of the login answers; then nothing is
 * set, and the application name of that backend is cleared.
 */
async function greet(
  { client, parameters }: Pick<Connected, 'client' | 'parameters'>,
  { schema }: PostgresLocation,
): Promise<Greeting> {
  const direct = `pg_catalog.pg_backend_pid() = ${loginPid(client)}`
  const superuser = parameters.get('is_superuser') === 'on'
  const all = pinsFor({ versionNumber: versionNumberOf(parameters), superuser })
  const searchPath = pg.escapeLiteral(pg.escapeIdentifier(schema ?? DEFAULT_SCHEMA))
  const values = all.map(({ name, value }) => `('${name}', '${value}')`).join(', ')
  const { rows } = await client.query<{
    pid: string
    database: string
    started: string
    pinned: string | null
  }>(
    `SELECT pg_catalog.pg_backend_pid() AS pid, pg_catalog.current_database() AS database,
       extract(epoch FROM pg_catalog.pg_postmaster_start_time()) AS started,
       CASE WHEN ${direct} THEN pg_catalog.set_config('search_path', ${searchPath}, false)
         ELSE pg_catalog.set_config('application_name', '', false) END,
       (SELECT pg_catalog.string_agg(CASE WHEN ${direct} THEN
           CASE WHEN pg_catalog.current_setting(p.name) <> p.value THEN
             CASE WHEN pg_catalog.set_config(p.name, p.value, false) IS NOT NULL THEN p.name END END END, ',')
         FROM (VALUES ${values}) AS p (name, value)) AS pinned`,
  )
  const [row] = rows
  const pid = Number(row?.pid)
  const pinned = new Set(row?.pinned?.split(','))
  const pins = pid === loginPid(client) ? all.filter(({ name }) => pinned.has(name)) : all
  return { pid, database: row?.database ?? '', started: row?.started ?? '', pins }
}

/** The process id that was announced at login; a pooler announces a random one. */
function loginPid(client: pg.Client): number {
  return (client as unknown as { processID: number }).processID
}

function serverInfo(
  { client, parameters, greeting }: Connected,
  location: PostgresLocation,
): ServerInfo {
  return {
    version: parameters.get('server_version') ?? '0',
    versionNumber: versionNumberOf(parameters),
    database: greeting.database,
    ...(greeting.database === location.database ? {} : { alias: location.database }),
    user: location.user,
    pid: greeting.pid,
    pooled: greeting.pid !== loginPid(client),
    schema: location.schema ?? DEFAULT_SCHEMA,
    started: greeting.started,
    standby: parameters.get('in_hot_standby') === 'on',
    encoding: parameters.get('server_encoding') ?? 'UTF8',
    pins: greeting.pins,
  }
}

function versionNumberOf(parameters: Connected['parameters']): number {
  const version = parameters.get('server_version') ?? '0'
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  return major * 10_000 + minor
}

function refuseOld(server: ServerInfo): void {
  if (server.versionNumber >= OLDEST || server.versionNumber === 0) return
  raise('DATABASE.TOO_OLD', {
    message: `The server is PostgreSQL ${server.version}; Slipway needs 13 or newer.`,
    why: 'Older servers receive no fixes, and Slipway is not tested on them.',
    nextActions: [
      advice('Upgrade the server; PostgreSQL 13 to 18 are supported.'),
      command(['doctor'], 'see which server the connection reaches'),
    ],
  })
}

/** Cancels the running statement through a separate connection, which is encrypted like the first. */
async function cancelBackend(
  location: PostgresLocation,
  options: SessionOptions,
  { tls, greeting }: Connected,
): Promise<void> {
  const helper = await connectOnce(location, { ...options, applicationName: 'slipway cancel' }, tls)
  try {
    await helper.client.query('SELECT pg_cancel_backend($1)', [greeting.pid])
  } finally {
    await endQuietly(helper.client)
  }
}

function streamOf(client: pg.Client): Socket {
  return connectionOf(client).stream
}

async function endQuietly(client: pg.Client): Promise<void> {
  // The work is done or has failed with its own error; an error while closing adds no information.
  await client.end().catch(() => {})
}
