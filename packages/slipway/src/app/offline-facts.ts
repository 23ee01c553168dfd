import type { Facts } from '../hazards/index.ts'
import { factsOf } from '../plan/index.ts'
import type { Work } from './work.ts'

/** The facts that are known without a connection to the target: no server version, no rows. */
export function offlineFacts({ target: { address, schemas } }: Pick<Work, 'target'>): Facts {
  return { ...factsOf(address), serverVersion: 180_000, defaultSchema: schemas[0] ?? 'public' }
}
