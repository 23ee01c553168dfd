import path from 'node:path'
import { advice, assertNever, command, type ConnectionString } from '../kernel/index.ts'
import { raise } from './failures.ts'
import type { Address } from './port.ts'
import { locate } from './postgres/connection-string.ts'

/**
 * The address in a connection string: `file:` is a SQLite file, relative to `folder` (the current one if
 * absent), and anything else is read as PostgreSQL's. Prisma writes connection parameters after a `?`;
 * none of them applies to SQLite.
 */
export function addressOf(url: ConnectionString, folder = '.'): Address {
  const text = url.reveal().trim()
  if (!text.startsWith('file:')) return { kind: 'postgres', url }
  const [place = ''] = text.slice('file:'.length).split('?')
  return { kind: 'sqlite', file: path.resolve(folder, place) }
}

/**
 * The address of a SQLite file that a connection string names, relative to `folder`. Fails with
 * DATABASE.URL_INVALID or DATABASE.PROVIDER_UNSUPPORTED.
 */
export function sqliteAddressOf(
  url: ConnectionString,
  folder: string,
): Extract<Address, { readonly kind: 'sqlite' }> {
  const text = url.reveal().trim()
  if (/^(?:libsql|wss?|https?):/i.test(text)) {
    raise('DATABASE.PROVIDER_UNSUPPORTED', {
      message: 'Slipway cannot deploy to libSQL.',
      why: 'Of the SQLite databases, it supports files and Cloudflare D1.',
      nextActions: [command(['doctor'], 'see where the connection string comes from')],
    })
  }
  const address = addressOf(url, folder)
  if (address.kind !== 'sqlite') return refuseUrl('It does not begin with file:')
  if (/^file:(?::memory:)?(?:\?|$)/.test(text)) return refuseUrl('It names no file')
  return address
}

function refuseUrl(why: string): never {
  return raise('DATABASE.URL_INVALID', {
    message: 'The connection string does not name a SQLite file.',
    why: `${why}.`,
    nextActions: [
      advice('Write it as file: and the path of the file, such as file:./dev.db.'),
      command(['doctor'], 'see where the connection string comes from'),
    ],
  })
}

/** The name that a person gives to consent to a change of a database. Does not connect. */
export function databaseName(address: Address): string {
  switch (address.kind) {
    case 'postgres':
      return locate(address.url).database
    case 'embedded':
      return 'slipway'
    case 'd1':
      return address.d1.name
    case 'sqlite':
      return address.d1?.name ?? path.basename(address.file ?? 'memory')
    default:
      return assertNever(address)
  }
}
