import type { Session } from '../../database/index.ts'
import { readFingerprint } from '../../schema/index.ts'
import { type Compared, compareState, joined } from '../compare.ts'
import type { DataSums, Manifest } from '../manifest.ts'
import { type DumpedDatabase, readSequences, sumTables } from './dump-text.ts'
import { inReadTransaction, readDumped, readOrphans } from './read-database.ts'

/** Compares a restored database with the backup's manifest, and runs SQLite's integrity check. */
export async function compareRestored(session: Session, manifest: Manifest): Promise<Compared> {
  return await inReadTransaction(session, async () => {
    const fingerprint = await readFingerprint(session)
    const database = await readDumped(session, new Set(manifest.excludedData))
    const uncompared: string[] = []
    const sums = async (): Promise<DataSums> => {
      const restored = await readSums(database)
      if (manifest.server.version === versionOf(session)) return restored
      const { alike, unlike } = asIfSameVersion(restored, manifest)
      uncompared.push(...unlike)
      return alike
    }
    const state = await compareState({ fingerprint, sums }, manifest)
    const values =
      uncompared.length === 0
        ? []
        : [`values of ${uncompared.join(', ')}, which another version of SQLite wrote`]
    const versions: Compared = { compared: [], notCompared: values, differences: [] }
    return [state, versions, await checkIntegrity(session)].reduce(joined)
  })
}

/** The version of SQLite, in the form that the manifest uses. */
export function versionOf({ server }: Session): string {
  return `SQLite ${server.version}`
}

async function readSums(database: DumpedDatabase): Promise<DataSums> {
  return {
    tables: sumTables(database),
    sequences: await readSequences(database),
    largeObjects: 0,
    orphans: await readOrphans(database.session),
  }
}

/**
 * Ignores different checksums, because another version of SQLite may write floating-point numbers with other
 * digits.
 */
function asIfSameVersion(
  restored: DataSums,
  { sums }: Manifest,
): { readonly alike: DataSums; readonly unlike: readonly string[] } {
  const recorded = new Map((sums?.tables ?? []).map((one) => [one.table, one]))
  const isUnlike = ({ table, rows, sum }: DataSums['tables'][number]) =>
    recorded.get(table)?.rows === rows && recorded.get(table)?.sum !== sum
  const tables = restored.tables.map((one) =>
    isUnlike(one) ? { ...one, sum: recorded.get(one.table)?.sum ?? one.sum } : one,
  )
  const unlike = restored.tables.filter(isUnlike).map(({ table }) => table)
  return { alike: { ...restored, tables }, unlike }
}

/** Runs the integrity check. Ignores violated CHECK constraints, because they existed before the backup. */
async function checkIntegrity(session: Session): Promise<Compared> {
  const rows = await session.query<{ integrity_check: string }>('PRAGMA integrity_check')
  const found = rows.filter(
    ({ integrity_check: said }) => said !== 'ok' && !said.startsWith('CHECK constraint failed'),
  )
  // SQLite's messages may contain values.
  const differences = found.length === 0 ? [] : ['the integrity check of SQLite finds errors']
  return { compared: ['integrity'], notCompared: [], differences }
}
