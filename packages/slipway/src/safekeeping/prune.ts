import type { Session } from '../database/index.ts'
import { queryWithinLimits, type TargetSession } from '../execution/index.ts'
import { advice, command, failureOf } from '../kernel/index.ts'
import { objectName } from '../statements/index.ts'
import { raise } from './failures.ts'
import { type Kept, readAllKept } from './kept-data.ts'
import { prepareKeepingFunctions } from './postgres/keeping-functions.ts'
import { call } from './postgres/sql-text.ts'

/**
 * Kept data older than the given milliseconds, also if it was restored and only its record remains.
 * `serverNow` is the time on the server, whose clock also dated the data, in milliseconds since 1970.
 */
export function expired(kept: readonly Kept[], olderThanMs: number, serverNow: number): Kept[] {
  return kept.filter(({ keptAt }) => serverNow - Date.parse(keptAt) >= olderThanMs)
}

/** Drops kept data permanently, all in one transaction, within the limits of the target. */
export async function pruneKept(target: TargetSession, kept: readonly Kept[]): Promise<void> {
  if (kept.length === 0) return
  const { session } = target
  await prepareKeepingFunctions(session)
  const ids = kept.map(({ id }) => id).join(', ')
  const name = { name: 'The prune', again: ['kept', 'prune'] }
  await queryWithinLimits(target, name, call(session, 'prune_kept', `ARRAY[${ids}]::bigint[]`))
}

/**
 * Restores one piece of kept data into the existing table or column. Existing rows are kept. Rows that
 * were already restored do not change, so a restore whose output was lost can be repeated. Runs within
 * the limits of the target, so that no other session waits long for it. Fails with SAFEKEEPING.UNKNOWN,
 * SAFEKEEPING.NO_PLACE or SAFEKEEPING.TABLE_UNCERTAIN.
 */
export async function restoreKept(target: TargetSession, id: number): Promise<Kept> {
  const { session } = target
  const one = await readOne(session, id)
  if (one?.state === 'restored') return one
  if (one?.state !== 'kept') {
    return raise('SAFEKEEPING.UNKNOWN', {
      message: `There is no entry ${id} of the kept data${one ? `: ${one.why ?? 'it could not be kept'}` : ''}.`,
      nextActions: [command(['kept', 'list'], 'list kept data')],
    })
  }
  await prepareKeepingFunctions(session)
  const rows = await restoreOne(target, one)
  if (rows[0]?.[0] !== 't') {
    raise('SAFEKEEPING.NO_PLACE', {
      message: one.returns
        ? `${objectName(one.table)} does not have the columns of entry ${id} of the kept data.`
        : `Slipway cannot tell which rows of ${objectName(one.table)} the values of entry ${id} belong to.`,
      why: one.returns
        ? 'Slipway restores rows into an existing table, and values into an existing column.'
        : 'No key identifies the rows, or the migration changed it.',
      nextActions: [
        one.returns
          ? advice('Create the table or the column again, or roll back the migration.')
          : advice(`Copy the values by hand from the table ${session.ledger}.kept_${id}.`),
      ],
    })
  }
  return (await readOne(session, id)) ?? one
}

/** Whether it was restored, as the server prints a boolean; false if the table or its columns do not exist. */
async function restoreOne(target: TargetSession, { id, table }: Kept) {
  const { session } = target
  const name = { name: `The restore of ${id}`, again: ['kept', 'restore', String(id)] }
  try {
    return (await queryWithinLimits(target, name, call(session, 'restore_one', String(id)))).rows
  } catch (error) {
    const state = failureOf(error)?.server?.sqlstate
    if (state === 'SLW03') return [['f']]
    if (state !== 'SLW02') throw error
    return raise('SAFEKEEPING.TABLE_UNCERTAIN', {
      message: `Entry ${id} of the kept data may not belong to ${objectName(table)} of this database.`,
      why: 'It was kept on a different database, and this table lacks columns that were recorded, or another table has all of them too.',
      nextActions: [
        advice('Roll back the migration: the rollback restores the data together with the table.'),
        advice(`Or copy the rows by hand from the table ${session.ledger}.kept_${id}.`),
      ],
    })
  }
}

async function readOne(session: Session, id: number): Promise<Kept | undefined> {
  return (await readAllKept(session)).find((kept) => kept.id === id && !kept.inserted)
}

/** The clock of the server, in milliseconds since 1970. */
export async function readClock(session: Session): Promise<number> {
  const { rows } = await session.queryRaw('SELECT extract(epoch FROM clock_timestamp()) * 1000')
  return Number(rows[0]?.[0])
}
