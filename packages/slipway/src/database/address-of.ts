import path from 'node:path'
import type { ConnectionString } from '../kernel/index.ts'
import type { Address } from './port.ts'

/**
 * The address that a connection string means: `file:` is a SQLite file, relative to the current folder, and anything
 * else is for PostgreSQL to read. Prisma writes parameters of the connection behind a `?`; none of them is SQLite's.
 */
export function addressOf(url: ConnectionString): Address {
  const text = url.reveal().trim()
  if (!text.startsWith('file:')) return { kind: 'postgres', url }
  const [place = ''] = text.slice('file:'.length).split('?')
  return { kind: 'sqlite', file: path.resolve(place) }
}
