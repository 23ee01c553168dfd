import { readFileSync } from 'node:fs'
import { advice } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import { isLoopback, type PostgresLocation } from './connection-string.ts'

/** How a connection is encrypted, as an option of the driver. */
export type Tls = false | { rejectUnauthorized: boolean; ca?: string }

/** The attempts, in order. `prefer` falls back like libpq; on a local server, the first is without TLS. */
export function tlsAttempts(location: PostgresLocation): Tls[] {
  const ca = location.caFile ? { ca: readCertificate(location.caFile) } : {}
  switch (location.tls) {
    case 'disable':
      return [false]
    case 'verify':
      return [{ rejectUnauthorized: true, ...ca }]
    case 'require':
      return [{ rejectUnauthorized: location.caFile !== undefined, ...ca }]
    case 'prefer': {
      const tls = { rejectUnauthorized: false, ...ca }
      return isLoopback(location.host) ? [false, tls] : [tls, false]
    }
  }
}

function readCertificate(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    return raise('DATABASE.TLS', {
      message: 'The file of sslrootcert or sslcert cannot be read.',
      why: `The connection string names ${file}.`,
      nextActions: [advice('Correct the path, or remove the parameter.')],
      cause,
    })
  }
}

/** Whether the other choice of TLS may succeed after this one was refused. */
export function refusesTlsChoice(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  // The driver's message, and the SQLSTATE of a server without an entry in pg_hba.conf.
  const { code } = error as { readonly code?: string }
  return /does not support SSL/i.test(error.message) || code === '28000'
}
