import type { Session } from '../database/index.ts'
import { historyHash, newerLedgerNotice, readHistory } from '../history/index.ts'
import type { Emit } from '../kernel/index.ts'
import type { DumpFacts } from './dump.ts'

/** The last applied migration of a database, and a hash of its history; null if it has no history. */
export async function historyFacts(
  session: Session,
): Promise<Pick<DumpFacts, 'lastMigration' | 'historyHash'>> {
  const { exists, rows } = await readHistory(session)
  if (!exists) return { lastMigration: null, historyHash: null }
  const applied = rows.filter((one) => one.finishedAt !== null && one.rolledBackAt === null)
  return {
    lastMigration: applied.at(-1)?.migration ?? null,
    historyHash: historyHash(
      applied.map(({ migration, checksum }) => ({ name: migration, checksum })),
    ),
  }
}

/** Reports that a newer version of Slipway wrote the ledger, which a backup contains like any other table. */
export async function reportNewerLedger(session: Session, emit: Emit): Promise<void> {
  const message = await newerLedgerNotice(session)
  if (message !== undefined) emit({ kind: 'notice', message })
}
