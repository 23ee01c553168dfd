import { type Address, inSnapshot, withSession } from '../../database/index.ts'
import { fingerprint, readCatalogInTransaction } from '../../schema/index.ts'
import { type Compared, compareState } from '../compare.ts'
import type { Manifest } from '../manifest.ts'
import { readDataSums } from './data-sums.ts'

/** Compares a restored database with the backup's manifest. */
export async function compareRestored(address: Address, manifest: Manifest): Promise<Compared> {
  return await withSession(address, { applicationName: 'slipway backup' }, async (session) =>
    inSnapshot(session, async () => {
      const { method, hash } = fingerprint(await readCatalogInTransaction(session))
      const { versionNumber } = manifest.server
      const form = { method: manifest.sums?.method, versionNumber }
      const sums = async () => await readDataSums(session, manifest.excludedData, form)
      return await compareState({ fingerprint: { method, hash }, sums }, manifest)
    }),
  )
}
