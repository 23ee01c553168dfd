import { type FailureSpecs, type Raise, createRaise } from '../kernel/index.ts'

/** What can go wrong between Slipway and a database server. */
export const databaseFailures = {
  'DATABASE.URL_INVALID': { title: 'The connection string cannot be read' },
  'DATABASE.PROVIDER_UNSUPPORTED': { title: 'Slipway does not support this database' },
  'DATABASE.UNREACHABLE': { title: 'The server does not answer' },
  'DATABASE.AUTHENTICATION': { title: 'The server refused the user, the password or the token' },
  'DATABASE.RATE_LIMITED': { title: 'The service rate limit was reached' },
  'DATABASE.TLS': { title: 'The connection cannot be encrypted as the connection string requires' },
  'DATABASE.NOT_FOUND': { title: 'The server has no database with that name' },
  'DATABASE.PERMISSION': { title: 'The role lacks a privilege' },
  'DATABASE.READ_ONLY': { title: 'The server is a read-only standby' },
  'DATABASE.TOO_OLD': { title: 'The server is older than PostgreSQL 13' },
  'DATABASE.POOLER': { title: 'The connection goes through a transaction pooler' },
  'DATABASE.LOCK_LOST': {
    title: 'The session lost the deploy lock, so the statements that followed did not run',
    exit: 5,
  },
  'DATABASE.CONNECTION_LOST': { title: 'The connection was lost' },
  'DATABASE.OUTCOME_UNKNOWN': {
    title: 'The response of a remote database was lost: the statements may or may not have run',
    exit: 6,
  },
  'DATABASE.DISK_FULL': { title: 'The server has no disk space left' },
  'DATABASE.STATEMENT': { title: 'The server rejected a statement' },
  'DATABASE.LOCKED': { title: 'Another process has locked the database' },
  'DATABASE.CORRUPT': { title: 'The file is not a database, or is damaged' },
  'DATABASE.EMBEDDED_IN_USE': { title: 'Another process has the embedded database open' },
} as const satisfies FailureSpecs

export type DatabaseCode = keyof typeof databaseFailures

export const raise: Raise<typeof databaseFailures> = createRaise(databaseFailures)
