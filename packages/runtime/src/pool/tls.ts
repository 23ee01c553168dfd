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
 * a root certificate, or `sslaccept=strict` of Prisma or `sslrootcert=system` requires it; `verify-ca` verifies the certificate, `verify-full` also the host name. `allow` and `prefer`
 * require a fallback that the driver does not have: we encrypt, except on this machine.
 */
export function tlsOptions(
  parameters: ReadonlyMap<string, string>,
  host: string,
): TlsOptions | undefined {
  const mode = parameters.get('sslmode')
  const files = {
    ...file(parameters, 'sslrootcert', 'ca'),
    ...file(parameters, 'sslcert', 'cert'),
    ...file(parameters, 'sslkey', 'key'),
  }
  switch (mode) {
    case undefined:
      return undefined
    case 'disable':
      return false
    case 'allow':
    case 'prefer':
      return isThisMachine(host) ? false : { rejectUnauthorized: false, ...files }
    case 'require':
      if (isStrict(parameters)) return { rejectUnauthorized: true, ...files }
      return files.ca === undefined ? { rejectUnauthorized: false, ...files } : verifyCa(files)
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
  return host === '' || host === 'localhost' || host === '[::1]' || /^(?:127\.|\/)/.test(host)
}
