import { type Address, type Session, withSession } from '../../database/index.ts'
import { failureOf } from '../../kernel/index.ts'
import type { Compared } from '../compare.ts'

/** Checks all B-tree indexes of a restored database with amcheck, if the extension can be created. */
export async function checkIndexes(address: Address): Promise<Compared> {
  return await withSession(address, { applicationName: 'slipway backup' }, async (session) => {
    try {
      await session.execute('CREATE EXTENSION IF NOT EXISTS amcheck')
    } catch (error) {
      if (!failureOf(error)) throw error
      return {
        compared: [],
        notCompared: ['indexes, because the server lacks amcheck'],
        differences: [],
      }
    }
    return { compared: ['indexes'], notCompared: [], differences: await corrupt(session) }
  })
}

async function corrupt(session: Session): Promise<string[]> {
  const indexes = await session.query<{ oid: string; name: string }>(
    `SELECT c.oid::text, c.oid::regclass::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     JOIN pg_am m ON m.oid = c.relam
     WHERE m.amname = 'btree' AND c.relkind = 'i' AND c.relpersistence <> 't' AND i.indisvalid AND i.indisready`,
  )
  const found: string[] = []
  for (const { oid, name } of indexes) {
    try {
      await session.query('SELECT bt_index_check($1::oid::regclass)', [oid])
    } catch (error) {
      // Errors of classes XX and 58 concern the index or its file; others, such as a lost connection, do not.
      if (!/^(?:XX|58)/.test(failureOf(error)?.server?.sqlstate ?? '')) throw error
      found.push(`the index ${name} is corrupt`)
    }
  }
  return found
}
