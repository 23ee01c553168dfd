import { readFileSync } from 'node:fs'
import { PoolConfigError } from './failure.ts'

/** The TLS configuration for `pg`: `false` is a plain connection. */
export type TlsOptions =
  | false
  | {
      readonly rejectUnauthorized: boolean
      readonly ca?: string
      readonly cert?: string
      readonly key?: string
      readonly checkServerIdentity?: () => undefined
    }

/**
 * `sslmode` as in libpq (PostgreSQL docs, "SSL Support"): `require` encrypts, but verifies nothing unless there is
 * a root certificate; `verify-ca` verifies the certificate, `verify-full` also the host name. `allow` and `prefer`
 * require a fallback that the driver does not have: we encrypt, except on this machine. `sslaccept=strict` of Prisma
 * and `sslrootcert=system` verify both in every mode, also if there is no `sslmode`, except `disable` and on a socket.
 */
export function tlsOptions(
  parameters: ReadonlyMap<string, string>,
  host: string,
): TlsOptions | undefined {
  const mode = parameters.get('sslmode')
  const files = filesOf(parameters)
  const strict = isStrict(parameters) && !isSocket(host)
  if (strict && (mode === undefined || VERIFIABLE.has(mode)))
    return { rejectUnauthorized: true, ...files }
  switch (mode) {
    case undefined:
      return undefined
    case 'disable':
      return false
    case 'allow':
    case 'prefer':
      return isThisMachine(host) ? false : { rejectUnauthorized: false, ...files }
    case 'require':
      // The root certificate of Prisma's `sslcert` is used only if the connection string asks for verification.
      return parameters.has('sslrootcert')
        ? verifyCa(files)
        : { rejectUnauthorized: false, ...files }
    case 'verify-ca':
      return verifyCa(files)
    case 'verify-full':
      return { rejectUnauthorized: true, ...files }
    default:
      throw new PoolConfigError(
        'The parameter sslmode must be disable, allow, prefer, require, verify-ca or verify-full.',
      )
  }
}

const VERIFIABLE: ReadonlySet<string> = new Set([
  'allow',
  'prefer',
  'require',
  'verify-ca',
  'verify-full',
])

/** `sslcert` without a key is a root certificate, as in Prisma; with a key, it is the client's, as in libpq. */
function filesOf(parameters: ReadonlyMap<string, string>) {
  const isRoot = parameters.has('sslcert') && !parameters.has('sslkey')
  return {
    ...(isRoot && file(parameters, 'sslcert', 'ca')),
    ...file(parameters, 'sslrootcert', 'ca'),
    ...(!isRoot && file(parameters, 'sslcert', 'cert')),
    ...file(parameters, 'sslkey', 'key'),
  }
}

function isStrict(parameters: ReadonlyMap<string, string>): boolean {
  return parameters.get('sslaccept') === 'strict' || parameters.get('sslrootcert') === 'system'
}

function verifyCa(files: Readonly<Record<string, string>>): TlsOptions {
  return { rejectUnauthorized: true, checkServerIdentity: () => undefined, ...files }
}

function file(
  parameters: ReadonlyMap<string, string>,
  parameter: string,
  field: string,
): Record<string, string> {
  const path = parameters.get(parameter)
  if (path === undefined) return {}
  if (parameter === 'sslrootcert' && path === 'system') return {}
  try {
    return { [field]: readFileSync(path, 'utf8') }
  } catch (error) {
    throw new PoolConfigError(`Cannot read the file ${path}, which ${parameter} names.`, {
      cause: error,
    })
  }
}

function isThisMachine(host: string): boolean {
  return (
    host === '' ||
    host === 'localhost' ||
    host === '[::1]' ||
    host.startsWith('127.') ||
    isSocket(host)
  )
}

/** Whether a host is the folder of a socket, on which a server offers no TLS. */
function isSocket(host: string): boolean {
  return /^(?:\/|%2f)/i.test(host)
}
