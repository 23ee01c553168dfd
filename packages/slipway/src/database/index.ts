import type { Address, Session, SessionOptions } from './port.ts'

export {
  isLoopback,
  isSameDatabase,
  isSameServer,
  locate,
  type PostgresLocation,
} from './postgres/connection-string.ts'
export type { Embedded, EmbeddedImage } from './postgres/embedded.ts'
export type { EmbeddedServer } from './postgres/embedded-server.ts'
export type { LocalServer } from './postgres/local-server.ts'
export { addressOf, databaseName, sqliteAddressOf } from './address-of.ts'
export { type ByDialect, type Dialect, dialectOf, productOf } from './dialect.ts'
export { databaseFailures } from './failures.ts'
export { programFolders, type Programs, serverPrograms } from './postgres/programs.ts'
export { inLedger, LEDGER_SCHEMA } from './postgres/ledger-schema.ts'
export { executeLocked, lockGuardSql } from './postgres/lock-guard.ts'
export { HARMLESS_EXTENSIONS, OWNERS } from './postgres/sandbox.ts'
export { unmaskedMessage } from './postgres/server-error.ts'
export { quoteIdentifier, quoteLiteral } from './postgres/quote.ts'
export { inSnapshot } from './postgres/snapshot.ts'
export { filePinSql, ownPinSql, pinSql, unpinForFileSql } from './postgres/settings.ts'
export { D1_BYTES, type D1Facts, d1Facts } from './d1/facts.ts'
export { D1_TEXT_BYTES, d1Bytes, type D1Rows, d1Snapshot } from './d1/snapshot.ts'
export { d1Bookmark, type D1Restored, d1Restore } from './d1/time-travel.ts'
export { type AtomicSession, atomic } from './sqlite/atomic.ts'
export { GUARD_MARK } from './sqlite-row-content.ts'
export { balanced } from './sqlite/expression.ts'
export { processesWith } from './sqlite/open-processes.ts'
export { quoteText } from './sqlite/quote.ts'
export type {
  Address,
  D1Settings,
  DatabaseKind,
  RawColumn,
  RawResult,
  RemoteD1,
  Row,
  ServerInfo,
  Session,
  SessionOptions,
} from './port.ts'

/**
 * Opens one pinned session on a database, passes it to `work`, and always closes it. Never creates a
 * database on a server. Fails with the codes of `databaseFailures`.
 */
export async function withSession<T>(
  address: Address,
  options: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  if (address.kind === 'sqlite') {
    const { withSqlite } = await import('./sqlite/with-sqlite.ts')
    return await withSqlite(address, options, work)
  }
  if (address.kind === 'd1') {
    const { withD1 } = await import('./d1/with-d1.ts')
    return await withD1(address, options, work)
  }
  const { ledger, runtimePartitions } = address
  const known = (session: Session) =>
    work({
      ...session,
      ...(ledger === undefined ? {} : { ledger }),
      ...(runtimePartitions === undefined ? {} : { runtimePartitions }),
    })
  if (address.kind === 'postgres') {
    const { withPostgres } = await import('./postgres/with-postgres.ts')
    return await withPostgres(address.url, options, known)
  }
  return await withEmbedded({ ...options, ...address }, ({ session }) => known(session))
}

/** Opens an embedded database that can export an image of itself: for shadow databases. */
export async function withEmbedded<T>(
  options: import('./postgres/embedded.ts').EmbeddedOptions,
  work: (embedded: import('./postgres/embedded.ts').Embedded) => Promise<T>,
): Promise<T> {
  const embedded = await import('./postgres/embedded.ts')
  return await embedded.withEmbedded(options, work)
}

/** Runs a private server of this machine's PostgreSQL: for shadow databases. See local-server.ts. */
export async function withLocalServer<T>(
  programs: import('./postgres/programs.ts').Programs,
  home: string,
  work: (server: import('./postgres/local-server.ts').LocalServer) => Promise<T>,
): Promise<{ readonly value: T } | undefined> {
  const local = await import('./postgres/local-server.ts')
  return await local.withLocalServer(programs, home, work)
}

/** Serves an embedded database on a port: see embedded-server.ts. */
export async function serveEmbedded(
  options: Parameters<typeof import('./postgres/embedded-server.ts').serveEmbedded>[0],
): Promise<import('./postgres/embedded-server.ts').EmbeddedServer> {
  const embedded = await import('./postgres/embedded-server.ts')
  return await embedded.serveEmbedded(options)
}

/** Refuses a connection string with `pgbouncer=true` before it is used: see pooler.ts. */
export async function refuseDeclaredPooler(address: Address): Promise<void> {
  const pooler = await import('./postgres/pooler.ts')
  pooler.refuseDeclaredPooler(address)
}

/** Refuses a transaction pooler in front of a target: see pooler.ts. */
export async function refuseTransactionPooler(session: Session, address: Address): Promise<void> {
  if (!session.server.pooled) return
  const pooler = await import('./postgres/pooler.ts')
  await pooler.refuseTransactionPooler(session, address)
}
