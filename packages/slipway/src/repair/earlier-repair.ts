import type { Session } from '../database/index.ts'
import { readLedgerRows } from '../history/index.ts'
import type { Decision } from './diagnosis.ts'
import type { Examination } from './examine.ts'

/**
 * The migration that the same decision already settled, if a repair is repeated because its response was lost: the last
 * receipt in the ledger is that of its repair, it has no problem, and it is in the state that the decision leads to.
 */
export async function findEarlierRepair(
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

/** The migration of the last receipt (of the named migration, if one is named), if that receipt is of a repair. */
async function lastRepaired(session: Session, named?: string): Promise<string | undefined> {
  const columns = `(j ->> 'id')::bigint, j ->> 'migration', j ->> 'command'`
  const receipts = await readLedgerRows(session, 'receipt', columns)
  const last = receipts.findLast(([, migration]) => named === undefined || migration === named)
  const [, migration, command] = last ?? []
  return command === 'repair' ? (migration ?? undefined) : undefined
}
