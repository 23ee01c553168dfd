import type { Session } from '../database/index.ts'
import { readLedgerRows } from '../history/index.ts'
import type { Decision } from './diagnosis.ts'
import type { Examination } from './examine.ts'

/**
 * The migration that the same decision settled before, where a repair is repeated because its answer was lost: the last
 * receipt of the ledger is that of its repair, nothing is wrong with it, and it is in the state that the decision gives.
 */
export async function settledBefore(
  session: Session,
  { diagnosis, history }: Examination,
  decision: Decision,
): Promise<string | undefined> {
  const migration = await lastRepaired(session, decision.migration)
  if (migration === undefined) return undefined
  if (diagnosis.problems.some((problem) => problem.migration === migration)) return undefined
  const applied = history.rows.some(
    (row) => row.migration === migration && row.finishedAt !== null && row.rolledBackAt === null,
  )
  const wanted = decision.kind !== 'undo' && decision.kind !== 'mark-rolled-back'
  return applied === wanted ? migration : undefined
}

/** The migration of the last receipt, of all or of the named migration, where that is of a repair. */
async function lastRepaired(session: Session, named?: string): Promise<string | undefined> {
  const columns = `(j ->> 'id')::bigint, j ->> 'migration', j ->> 'command'`
  const receipts = await readLedgerRows(session, 'receipt', columns)
  const last = receipts.findLast(([, migration]) => named === undefined || migration === named)
  const [, migration, command] = last ?? []
  return command === 'repair' ? (migration ?? undefined) : undefined
}
