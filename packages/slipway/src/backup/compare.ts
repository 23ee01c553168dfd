import { type Address, inSnapshot, type Session, withSession } from '../database/index.ts'
import {
  FINGERPRINT_METHOD,
  fingerprint as fingerprintOf,
  readCatalogInTransaction,
} from '../schema/index.ts'
import type { Manifest } from './manifest.ts'
import { differingData, readDataSums } from './postgres/data-sums.ts'

/** What of a restored database was compared with the manifest, and how it differs. */
export interface Compared {
  readonly compared: readonly string[]
  readonly notCompared: readonly string[]
  /** Sentences without a row's content; none if all that was compared is equal. */
  readonly differences: readonly string[]
}

/** Compares a restored database with what the manifest says of the backup. */
export async function compareRestored(address: Address, manifest: Manifest): Promise<Compared> {
  return await withSession(address, { applicationName: 'slipway backup' }, async (session) =>
    inSnapshot(session, () => compareInSnapshot(session, manifest)),
  )
}

async function compareInSnapshot(session: Session, manifest: Manifest): Promise<Compared> {
  const { fingerprint, sums, excludedData } = manifest
  const compared: string[] = []
  const notCompared: string[] = []
  const differences: string[] = []
  if (fingerprint.method === FINGERPRINT_METHOD) {
    const { hash } = fingerprintOf(await readCatalogInTransaction(session))
    compared.push('schema')
    if (hash !== fingerprint.hash) differences.push('the schema is not as it was')
  } else {
    notCompared.push('the schema, which another version of Slipway recorded')
  }
  if (sums) {
    compared.push('rows', 'sequences')
    differences.push(...differingData(sums, await readDataSums(session, excludedData)))
  } else {
    notCompared.push('the rows, of which no checksums were made')
  }
  if (excludedData.length > 0)
    notCompared.push(`rows that were left out: ${excludedData.join(', ')}`)
  return { compared, notCompared, differences }
}
