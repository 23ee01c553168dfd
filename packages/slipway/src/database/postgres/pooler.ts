import { advice, attempt, command, type Failure } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import type { Address, Session } from '../port.ts'
import { locate, type PostgresLocation } from './connection-string.ts'
import { openPostgres } from './with-postgres.ts'

/** For how long a pooler gives a client a server connection: a session, a transaction, or a statement. */
export type Pooling = 'session' | 'transaction' | 'statement'

const ROUNDS = 4
const ASKED = 4
/** A pool that provides no second connection in this time has not given away the first. */
const WAIT_MS = 3000

/**
 * Finds the kind of pooling of a session with `server.pooled`. The pooler pools transactions if a second
 * session gets the same backend, or if the session's backend changes while a transaction of the second
 * one is open. With other clients on the pool, that depends on chance, so it is tried several times; and
 * everything that runs under the lock checks its backend, see lock-guard.ts.
 */
export async function poolingOf(session: Session, location: PostgresLocation): Promise<Pooling> {
  for (let round = 0; round < ROUNDS; round++) {
    const shares = await attempt(() => sharesBackend(session, location))
    if (!shares.ok) return isStatementPooling(shares.failure) ? 'statement' : 'session'
    if (shares.value) return 'transaction'
  }
  return 'session'
}

async function sharesBackend(session: Session, location: PostgresLocation): Promise<boolean> {
  const { pid } = session.server
  const options = { applicationName: 'slipway pooler test' }
  return await openPostgres({ ...location, schema: undefined }, options, async (second) => {
    const timer = setTimeout(() => second.destroy(), WAIT_MS)
    try {
      await second.execute('BEGIN')
      if ((await backendPid(second)) === pid) return true
      for (let asked = 0; asked < ASKED; asked++)
        if ((await backendPid(session)) !== pid) return true
      await second.execute('ROLLBACK')
      return false
    } finally {
      clearTimeout(timer)
    }
  })
}

/**
 * PgBouncer rejects a transaction block with these words if it pools statements; its messages are only in
 * English.
 */
function isStatementPooling({ message, why = '' }: Failure): boolean {
  return `${message} ${why}`.includes('statement pooling')
}

async function backendPid(session: Session): Promise<number> {
  const result = await session.queryRaw('SELECT pg_backend_pid()')
  return Number(result.rows[0]?.[0])
}

/** Refuses a connection string that declares a pooler: `pgbouncer=true` (DATABASE.POOLER). */
export function refuseDeclaredPooler(address: Address): void {
  if (address.kind === 'postgres' && locate(address.url).pgbouncer)
    refuse('The connection string has pgbouncer=true: it goes through a transaction pooler.')
}

/**
 * Refuses a pooler that pools transactions or statements (DATABASE.POOLER): there, a session's advisory
 * lock and settings belong to the client that gets the server connection next. Without a pooler this
 * costs nothing.
 */
export async function refuseTransactionPooler(session: Session, address: Address): Promise<void> {
  if (address.kind !== 'postgres' || !session.server.pooled) return
  const pooling = await poolingOf(session, locate(address.url))
  if (pooling !== 'session') refusePooling(pooling)
}

/** Fails with DATABASE.POOLER. */
export function refusePooling(pooling: Exclude<Pooling, 'session'>): never {
  return refuse(
    pooling === 'statement'
      ? 'The connection goes through a pooler that pools statements.'
      : 'The connection goes through a transaction pooler.',
  )
}

function refuse(message: string): never {
  return raise('DATABASE.POOLER', {
    message,
    why: 'Session locks and settings do not work there: two deploys could run at the same time.',
    nextActions: [
      advice('Set the direct connection as directUrl, or pass it with --url.'),
      command(['doctor'], 'see which connection is used'),
    ],
  })
}
