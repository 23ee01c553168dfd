import {
  type Address,
  refuseDeclaredPooler,
  refuseTransactionPooler,
  type Session,
  withSession,
} from '../../database/index.ts'

/**
 * Opens a session on a server that pg_dump or pg_restore will connect to. Fails with DATABASE.POOLER if the
 * connection goes through a transaction pooler: these programs change settings of their session, such as
 * search_path, and the next client of the pooler would have them.
 */
export async function withDirectSession<T>(
  address: Address,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  await refuseDeclaredPooler(address)
  return await withSession(address, { applicationName: 'slipway backup' }, async (session) => {
    await refuseTransactionPooler(session, address)
    return await work(session)
  })
}
