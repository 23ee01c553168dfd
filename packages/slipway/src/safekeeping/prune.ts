import { queryWithinLimits, type TargetSession } from '../execution/index.ts'
import { advice, command } from '../kernel/index.ts'
import { raise } from './failures.ts'
import { type Kept, readKept } from './kept.ts'
import { createKeepingSql } from './ledger.ts'

/** What is older than so many milliseconds; of what was put back, only the record is left to go. */
export function expired(kept: readonly Kept[], olderThanMs: number, now: number): Kept[] {
  return kept.filter(({ keptAt }) => now - Date.parse(keptAt) >= olderThanMs)
}

/** Drops what is kept, for good, all of it in one transaction, within the limits of the target. */
export async function pruneKept(target: TargetSession, kept: readonly Kept[]): Promise<void> {
  if (kept.length === 0) return
  const { session } = target
  await session.execute(createKeepingSql)
  const ids = kept.map(({ id }) => id).join(', ')
  const name = { name: 'The prune', again: ['kept', 'prune'] }
  await queryWithinLimits(target, name, `SELECT slipway.prune_kept(ARRAY[${ids}]::bigint[])`)
}

/**
 * Puts back one thing that is kept, into the table or column that stands now: rows that are there stay.
 * Within the limits of the target, so that nobody waits behind it for long. Fails with SAFEKEEPING.UNKNOWN or SAFEKEEPING.NO_PLACE.
 */
export async function restoreKept(target: TargetSession, id: number): Promise<Kept> {
  const { session } = target
  const one = (await readKept(session)).find((kept) => kept.id === id)
  if (one?.state !== 'kept') {
    return raise('SAFEKEEPING.UNKNOWN', {
      message: `Nothing is kept under ${id}${one ? ': it was put back, or never kept' : ''}.`,
      nextActions: [command(['kept', 'list'], 'see what is kept')],
    })
  }
  await session.execute(createKeepingSql)
  const name = { name: `The restore of ${id}`, again: ['kept', 'restore', String(id)] }
  const { rows } = await queryWithinLimits(target, name, `SELECT slipway.restore_one(${id})`)
  if (rows[0]?.[0] !== 't') {
    raise('SAFEKEEPING.NO_PLACE', {
      message: `${one.schema}.${one.table} does not have what is kept under ${id}.`,
      why: 'Rows are put back into a table, and values into a column, that stand.',
      nextActions: [advice('Make the table or the column again, or roll the migration back.')],
    })
  }
  return (await readKept(session)).find((kept) => kept.id === id) ?? one
}
