/** What kind of failure a database error is. */
export type ErrorKind =
  /** Serialization failure or deadlock: the transaction was rolled back, and may succeed when it is run again. */
  | 'conflict'
  /** A lock was not available in time. */
  | 'lock'
  /** The connection was lost. Statements that were sent before may have been executed. */
  | 'connection-lost'
  /** No connection could be opened: the server is unreachable, starting, stopping, or refuses more connections. */
  | 'unreachable'
  /** The pool did not provide a connection in time. */
  | 'pool-timeout'
  /** The server is read-only: a failover happened, and this is the old primary or a replica. */
  | 'read-only'
  /** The server cancelled the statement, because of `statement_timeout` or on request. */
  | 'cancelled'
  /** A unique, foreign key, check or NOT NULL constraint refused the rows. */
  | 'constraint'
  /** The row to change does not exist (Prisma P2025). */
  | 'not-found'
  /** Anything else: wrong input, a missing table, a bug. */
  | 'other'

export interface DatabaseError {
  readonly kind: ErrorKind
  /** PostgreSQL's code, even if Prisma hides it: `40001`. */
  readonly sqlState: string | undefined
  /** Prisma's code: `P2034`. */
  readonly prismaCode: string | undefined
  /** Whether it is certain that the failed operation changed nothing; false for a lost connection. */
  readonly nothingChanged: boolean
}

/** An error as Prisma 6 and 7, the adapter and the driver throw it, read by shape. */
interface ErrorShape {
  readonly code?: unknown
  readonly errorCode?: unknown
  readonly message?: unknown
  readonly severity?: unknown
  /** Of each error of Prisma Client. */
  readonly clientVersion?: unknown
  readonly cause?: unknown
  readonly meta?: {
    /** P2010 of Prisma 6. */
    readonly code?: unknown
    readonly driverAdapterError?: { readonly cause?: DriverCause }
  }
}

interface DriverCause {
  readonly originalCode?: unknown
  readonly code?: unknown
  readonly kind?: unknown
}

/** A SQLSTATE has a digit; `EPIPE` is a code of the system. */
const SQL_STATE = /^(?=.*\d)[0-9A-Z]{5}$/

const BY_SQL_STATE: Readonly<Record<string, ErrorKind>> = {
  '40001': 'conflict',
  '40P01': 'conflict',
  '55P03': 'lock',
  '57014': 'cancelled',
  '57P01': 'connection-lost',
  '57P02': 'connection-lost',
  '57P05': 'connection-lost',
  '25P03': 'connection-lost',
  '57P03': 'unreachable',
  '53300': 'unreachable',
  '25006': 'read-only',
}

const BY_PRISMA_CODE: Readonly<Record<string, ErrorKind>> = {
  P1001: 'unreachable',
  P1002: 'unreachable',
  P1008: 'connection-lost',
  P1017: 'connection-lost',
  P2002: 'constraint',
  P2003: 'constraint',
  P2004: 'constraint',
  P2011: 'constraint',
  P2014: 'constraint',
  P2024: 'pool-timeout',
  P2025: 'not-found',
  P2034: 'conflict',
  P2037: 'unreachable',
}

/** By the code of the system, or of this package's own errors. */
const BY_CODE: Readonly<Record<string, ErrorKind>> = {
  ECONNREFUSED: 'unreachable',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
  CIRCUIT_OPEN: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ECONNRESET: 'connection-lost',
  ETIMEDOUT: 'connection-lost',
  EPIPE: 'connection-lost',
}

/** The adapter's own terms, which raw queries (P2010) do not translate into a Prisma code. */
const BY_ADAPTER_KIND: Readonly<Record<string, ErrorKind>> = {
  DatabaseNotReachable: 'unreachable',
  TooManyConnections: 'unreachable',
  ConnectionClosed: 'connection-lost',
  SocketTimeout: 'connection-lost',
}

/** Errors of the driver and of the transaction API that have no code. */
const BY_MESSAGE: readonly (readonly [RegExp, ErrorKind])[] = [
  [
    /timeout exceeded when trying to connect|unable to start a transaction in the given time/i,
    'pool-timeout',
  ],
  [/connection terminated due to connection timeout/i, 'unreachable'],
  [
    /connection terminated|client has encountered a connection error|server has closed the connection/i,
    'connection-lost',
  ],
]

const NOTHING_CHANGED: ReadonlySet<ErrorKind> = new Set([
  'conflict',
  'lock',
  'unreachable',
  'pool-timeout',
  'read-only',
  'cancelled',
  'constraint',
  'not-found',
])

/**
 * Classifies an error of Prisma Client, its adapter or `pg`. The SQLSTATE decides first, then the code of the system, of
 * Prisma and of the adapter, and finally the message.
 */
export function classifyError(error: unknown): DatabaseError {
  const sqlState = sqlStateOf(error)
  const prismaCode = prismaCodeOf(error)
  const kind =
    kindOfSqlState(sqlState) ??
    lookUp(BY_CODE, textOf(shapeOf(error).code)) ??
    lookUp(BY_PRISMA_CODE, prismaCode) ??
    lookUp(BY_ADAPTER_KIND, textOf(shapeOf(error).meta?.driverAdapterError?.cause?.kind)) ??
    kindOfMessage(error)
  return { kind, sqlState, prismaCode, nothingChanged: NOTHING_CHANGED.has(kind) }
}

/** PostgreSQL's code of an error; undefined if the error did not come from the server. */
export function sqlStateOf(error: unknown): string | undefined {
  const { code, severity, clientVersion, meta, cause } = shapeOf(error)
  const driver: DriverCause = meta?.driverAdapterError?.cause ?? shapeOf(cause)
  // `code` is a SQLSTATE by itself only in an error of the driver, which has a severity, and in one of Prisma Client whose
  // adapter did not convert the driver's error.
  const own = severity === undefined && clientVersion === undefined ? undefined : code
  return [driver.originalCode, driver.code, meta?.code, own]
    .map(textOf)
    .find((text) => text !== undefined && SQL_STATE.test(text) && !isPrismaCode(text))
}

function prismaCodeOf(error: unknown): string | undefined {
  const { code, errorCode } = shapeOf(error)
  return [code, errorCode].map(textOf).find((text) => text !== undefined && isPrismaCode(text))
}

function kindOfSqlState(sqlState: string | undefined): ErrorKind | undefined {
  if (sqlState === undefined) return undefined
  const known = lookUp(BY_SQL_STATE, sqlState)
  if (known) return known
  // Class 08, connection exceptions: 08001 and 08004 are refusals, the others happen on an open connection.
  if (sqlState.startsWith('08')) {
    return sqlState === '08001' || sqlState === '08004' ? 'unreachable' : 'connection-lost'
  }
  return sqlState.startsWith('23') ? 'constraint' : 'other'
}

function kindOfMessage(error: unknown): ErrorKind {
  const message = textOf(shapeOf(error).message) ?? ''
  return BY_MESSAGE.find(([pattern]) => pattern.test(message))?.[1] ?? 'other'
}

function shapeOf(error: unknown): ErrorShape {
  return typeof error === 'object' && error !== null ? error : {}
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function lookUp(
  table: Readonly<Record<string, ErrorKind>>,
  key: string | undefined,
): ErrorKind | undefined {
  return key !== undefined && Object.hasOwn(table, key) ? table[key] : undefined
}

function isPrismaCode(text: string): boolean {
  return /^P\d{4}$/.test(text)
}
