import { dialectOf } from '../database/index.ts'
import type { Facts } from '../hazards/index.ts'
import type { Work } from './work.ts'

/** What is known of a target without a connection to it: no server version, no rows. */
export function unaskedFacts({ target }: Pick<Work, 'target'>): Facts {
  const { address, schemas } = target
  const facts = {
    dialect: dialectOf(address),
    serverVersion: 180_000,
    defaultSchema: schemas[0] ?? 'public',
  }
  if (address.kind === 'd1') return { ...facts, d1: 'remote' }
  return address.kind === 'sqlite' && address.d1 ? { ...facts, d1: 'local' } : facts
}
