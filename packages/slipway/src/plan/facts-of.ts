import { type Address, dialectOf } from '../database/index.ts'
import type { Facts } from '../hazards/index.ts'

/** The facts about a target that its address alone gives. */
export function factsOf(address: Address): Pick<Facts, 'dialect' | 'd1'> {
  const dialect = dialectOf(address)
  if (address.kind === 'd1') return { dialect, d1: 'remote' }
  return address.kind === 'sqlite' && address.d1 ? { dialect, d1: 'local' } : { dialect }
}
