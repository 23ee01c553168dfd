import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { type ConnectionString, command } from '../../kernel/index.ts'
import { raise } from '../failures.ts'

/** How strictly TLS is required, like libpq's `sslmode`. */
export type TlsMode = 'disable' | 'prefer' | 'require' | 'verify'

/** The parts of a PostgreSQL connection string, with the parameters that Prisma and libpq know. */
export interface PostgresLocation {
  /** Host name, address, or the folder of a Unix socket. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string | undefined
  readonly database: string
  /** Prisma's `?schema=`: the schema of unqualified names. */
  readonly schema: string | undefined
  readonly tls: TlsMode
  /** Path of a CA certificate (`sslrootcert`, or Prisma's `sslcert`). */
  readonly caFile: string | undefined
  /** Prisma's `?pgbouncer=true`: the project declares that the connection goes through a transaction pooler. */
  readonly pgbouncer: boolean
  readonly connectTimeoutMs: number | undefined
}

const OTHERS: Readonly<Record<string, string>> = {
  mysql: 'MySQL',
  mariadb: 'MariaDB',
  sqlserver: 'SQL Server',
  mongodb: 'MongoDB',
  'mongodb+srv': 'MongoDB',
  file: 'SQLite',
  prisma: 'Prisma Accelerate',
  'prisma+postgres': 'Prisma Accelerate',
}

const WHY: Readonly<Record<string, string>> = {
  'Prisma Accelerate':
    'Accelerate is a proxy for queries; migrations need a direct connection to PostgreSQL.',
  SQLite: 'The schema is for PostgreSQL; one for SQLite has provider = "sqlite".',
}

/** Reads a connection string. Fails with DATABASE.URL_INVALID or DATABASE.PROVIDER_UNSUPPORTED. */
export function locate(url: ConnectionString): PostgresLocation {
  const text = url
    .reveal()
    .trim()
    .replaceAll(/^["']|["']$/g, '')
  refuseOthers(text)
  const parsed = parse(text)
  const params = parsed.searchParams
  const socketOrHost = params.get('host')
  const host = socketOrHost ?? (decode(parsed.hostname).replaceAll(/^\[|\]$/g, '') || 'localhost')
  const user = decode(parsed.username) || params.get('user') || process.env['PGUSER'] || 'postgres'
  const timeout = params.get('connect_timeout')
  return {
    host,
    port: Number(parsed.port || params.get('port') || 5432),
    user,
    password: decode(parsed.password) || params.get('password') || process.env['PGPASSWORD'],
    database: decode(parsed.pathname.slice(1)) || user,
    schema: params.get('schema') ?? undefined,
    tls: tlsMode(params, host),
    caFile: params.get('sslrootcert') ?? params.get('sslcert') ?? undefined,
    pgbouncer: params.get('pgbouncer') === 'true',
    connectTimeoutMs: timeout === null ? undefined : Number(timeout) * 1000,
  }
}

/** Whether a host is this machine: loopback addresses in any form, `localhost`, or a Unix socket. */
export function isLoopback(host: string): boolean {
  return hostName(host) === 'localhost'
}

function refuseOthers(text: string): void {
  const scheme = /^([a-z+]+):/i.exec(text)?.[1]?.toLowerCase() ?? ''
  const name = OTHERS[scheme]
  if (name) {
    raise('DATABASE.PROVIDER_UNSUPPORTED', {
      message: `Slipway cannot deploy PostgreSQL migrations to ${name}.`,
      why:
        WHY[name] ?? 'It deploys to PostgreSQL 13 and newer, to SQLite files and to Cloudflare D1.',
      nextActions: [command(['doctor'], 'see where the connection string comes from')],
    })
  }
  if (scheme !== 'postgres' && scheme !== 'postgresql')
    invalid('It does not begin with postgresql://')
}

function parse(text: string): URL {
  refuseUnescaped(text)
  try {
    return new URL(text.replace(/^postgres:/i, 'postgresql:'))
  } catch {
    return invalid(
      `The host or the port is missing or wrong, or the password has a character that must be escaped: ${ESCAPES}`,
    )
  }
}

const ESCAPES = '@ as %40, # as %23, ? as %3F, / as %2F, : as %3A, % as %25'

/**
 * Refuses an unescaped `/`, `?` or `#` in a password, which would end the user information there; an `@`
 * follows later. The parser would read a part of the password as the host, and messages would show it.
 */
function refuseUnescaped(text: string): void {
  const [, rest = ''] = /^\w+:\/\/[^/?#]*(.*)$/s.exec(text) ?? []
  if (!/^[^?#]*@|\?[^=#]*@|#.*@/s.test(rest)) return
  invalid(`The password, or the role, has an unescaped ${rest[0]}. Write ${ESCAPES}`)
}

function invalid(why: string): never {
  return raise('DATABASE.URL_INVALID', {
    message: 'The connection string cannot be read.',
    why: `${why}.`,
    nextActions: [command(['doctor'], 'see where the connection string comes from')],
  })
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/**
 * Prisma and libpq both default to `prefer`; a local server seldom has TLS, so there TLS is tried last.
 */
function tlsMode(params: URLSearchParams, host: string): TlsMode {
  const mode = params.get('sslmode')
  if (mode === 'disable' || host.startsWith('/')) return 'disable'
  if (mode === 'verify-ca' || mode === 'verify-full' || params.get('sslaccept') === 'strict') {
    return 'verify'
  }
  return mode === 'require' ? 'require' : 'prefer'
}

/**
 * Whether two connection strings lead to the same server, judged by their text. A socket in one of the
 * standard folders of packages may belong to the server on this machine's port; any other folder is a
 * separate server.
 */
export function isSameServer(one: PostgresLocation, other: PostgresLocation): boolean {
  return one.port === other.port && placeOf(one.host) === placeOf(other.host)
}

const USUAL_SOCKET_FOLDERS = ['/tmp', '/private/tmp', '/run/postgresql', '/var/run/postgresql']

function placeOf(host: string): string {
  if (host.startsWith('/')) {
    const folder = existsSync(host) ? realpathSync(host) : path.resolve(host)
    return USUAL_SOCKET_FOLDERS.includes(folder) ? 'localhost' : folder
  }
  return hostName(host)
}

/** Whether two connection strings lead to the same database, judged by their text. */
export function isSameDatabase(one: PostgresLocation, other: PostgresLocation): boolean {
  return isSameServer(one, other) && one.database === other.database
}

/**
 * One name for all spellings of a host: case, trailing dot, forms of an IP address. `localhost` for this
 * machine.
 */
function hostName(host: string): string {
  if (host.startsWith('/')) return 'localhost'
  const plain = host.replace(/%.*$/, '').replace(/\.$/, '').toLowerCase()
  // The URL parser knows all forms: 127.1, 0x7f000001, ::ffff:127.0.0.1.
  const url = `http://${plain.includes(':') ? `[${plain}]` : plain}`
  const name = URL.canParse(url) ? new URL(url).hostname.replaceAll(/^\[|\]$/g, '') : plain
  const thisMachine =
    /^(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0|::1?|::ffff:7f[\da-f]{2}:[\da-f]+|::ffff:0:0)$/
  return thisMachine.test(name)
    ? 'localhost'
    : name.replace(/^::ffff:([\da-f]+):([\da-f]+)$/, fromMapped)
}

function fromMapped(_: string, high: string, low: string): string {
  const parts = [high, low].map((part) => Number.parseInt(part, 16))
  return parts.flatMap((part) => [part >> 8, part & 255]).join('.')
}
