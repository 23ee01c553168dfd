import { command } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import type { Address, Session } from '../port.ts'
import { withPostgres } from './with-postgres.ts'

/**
 * Refuses a transaction pooler (DATABASE.POOLER): behind one, a session's advisory lock and settings
 * belong to the client that gets the server connection next.
 *
 * With a pooler, the server's process id is not the one announced at login. Whether it pools
 * transactions is then tested: a second session that gets the process of the first, while the first
 * is still open, proves it. Without a pooler this costs one query.
 */
export async function refuseTransactionPooler(session: Session, address: Address): Promise<void> {
  if (address.kind !== 'postgres') return
  const pid = await backendPid(session)
  if (pid === session.server.pid) return
  const shared = await withPostgres(
    address.url,
    { applicationName: 'slipway pooler test' },
    async (second) => {
      await second.execute('BEGIN')
      const same = (await backendPid(second)) === pid
      await second.execute('ROLLBACK')
      return same
    },
  )
  if (!shared) return
  raise('DATABASE.POOLER', {
    message: 'The connection goes through a transaction pooler.',
    why: 'Session locks and settings do not work there: two deploys could run at the same time.',
    nextActions: [
      { kind: 'advice', label: 'Give the direct connection as directUrl, or with --url.' },
      command(['doctor'], 'see which connection is used'),
    ],
  })
}

async function backendPid(session: Session): Promise<number> {
  const result = await session.queryRaw('SELECT pg_backend_pid()')
  return Number(result.rows[0]?.[0])
}
