import { type FailureSpecs, type Raise, raiserOf } from '../kernel/index.ts'

/** What can go wrong between Slipway and a database server. */
export const databaseFailures = {
  'DATABASE.URL_INVALID': { title: 'The connection string cannot be read' },
  'DATABASE.PROVIDER_UNSUPPORTED': { title: 'Slipway does not support this database' },
  'DATABASE.UNREACHABLE': { title: 'The server does not answer' },
  'DATABASE.AUTHENTICATION': { title: 'The server refused the user, the password or the token' },
  'DATABASE.RATE_LIMITED': { title: 'The service limits the rate of calls' },
  'DATABASE.TLS': { title: 'The connection cannot be encrypted as the connection string asks' },
  'DATABASE.NOT_FOUND': { title: 'The server has no database of that name' },
  'DATABASE.PERMISSION': { title: 'The role lacks a right' },
  'DATABASE.READ_ONLY': { title: 'The server is a read-only standby' },
  'DATABASE.TOO_OLD': { title: 'The server is older than PostgreSQL 13' },
  'DATABASE.POOLER': { title: 'The connection goes through a transaction pooler' },
  'DATABASE.LOCK_LOST': {
    title: 'The session lost the lock of the database, and what it sent next did not run',
    exit: 5,
  },
  'DATABASE.CONNECTION_LOST': { title: 'The connection broke' },
  'DATABASE.OUTCOME_UNKNOWN': {
    title: 'The answer of a remote database was lost: what was sent ran, or did not',
    exit: 6,
  },
  'DATABASE.DISK_FULL': { title: 'The server has no disk space left' },
  'DATABASE.STATEMENT': { title: 'The server refused a statement' },
  'DATABASE.LOCKED': { title: 'Another process has locked the database' },
  'DATABASE.CORRUPT': { title: 'The file is not a database, or is damaged' },
  'DATABASE.EMBEDDED_IN_USE': { title: 'Another process has the embedded database open' },
} as const satisfies FailureSpecs

export type DatabaseCode = keyof typeof databaseFailures

export const raise: Raise<typeof databaseFailures> = raiserOf(databaseFailures)
