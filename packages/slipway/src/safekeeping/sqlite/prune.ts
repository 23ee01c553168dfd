import { atomic, type Session } from '../../database/index.ts'
import { guardSql, type TargetSession, violationIn } from '../../execution/index.ts'
import { readSqliteLedger, REVISION_SQL, reviseSql } from '../../history/index.ts'
import { advice, command, failureOf, rethrow } from '../../kernel/index.ts'
import { withSchemaCopy } from '../../schema/index.ts'
import { objectName } from '../../statements/index.ts'
import { raise } from '../failures.ts'
import type { Kept } from '../kept-data.ts'
import { keptTable } from './keep-sql.ts'
import { readSqliteKept, type SqliteKept } from './kept.ts'
import { REFERRED_GUARD, referredFailure } from './referred-guard.ts'
import { readRestorePlace } from './restore-place.ts'
import { hasOwnKey, restoreSql } from './restore-sql.ts'

/** Drops kept data permanently, in one transaction. */
export async function pruneSqlite(
  { session }: TargetSession,
  kept: readonly Kept[],
): Promise<void> {
  const drops = kept.map(
    ({ id }) =>
      `DROP TABLE IF EXISTS ${keptTable(id)};\nDELETE FROM _slipway_kept WHERE id = ${id};\n`,
  )
  await change(session, drops.join(''))
}

/** Restores one piece of kept data into its table. Existing rows are kept. Fails like `restoreKept`. */
export async function restoreSqlite({ session }: TargetSession, id: number): Promise<Kept> {
  const one = (await readSqliteKept(session)).find((kept) => kept.id === id && !kept.inserted)
  // Rows that had the same keys when it was restored may no longer exist.
  const isOpen = one?.restored && one.restored.since > 0 && hasOwnKey(one)
  if (one?.state === 'restored' && !isOpen) return one
  if (one === undefined || one.state === 'not-kept') {
    return raise('SAFEKEEPING.UNKNOWN', {
      message: `There is no entry ${id} of the kept data${one ? `: ${one.why ?? 'it could not be kept'}` : ''}.`,
      nextActions: [command(['kept', 'list'], 'list kept data')],
    })
  }
  await refuseWithoutPlace(session, one)
  await change(session, restoreSql([one], await withSchemaCopy(session, readRestorePlace)))
  return (await readSqliteKept(session)).find((kept) => kept.id === id) ?? one
}

async function refuseWithoutPlace(
  session: Session,
  { id, table, stored }: SqliteKept,
): Promise<void> {
  const columns = await session.query<{ name: string }>('SELECT name FROM pragma_table_xinfo($1)', [
    table.name,
  ])
  const names = new Set(columns.map(({ name }) => name))
  if (names.size > 0 && stored.every((name) => names.has(name))) return
  raise('SAFEKEEPING.NO_PLACE', {
    message: `${objectName(table)} does not have the columns of entry ${id} of the kept data.`,
    why: 'Slipway restores rows into an existing table, and values into an existing column.',
    nextActions: [advice('Create the table or the column again, or roll back the migration.')],
  })
}

/** Changes the kept data, unless another command has changed it since it was read. */
async function change(session: Session, sql: string): Promise<void> {
  const { revision } = await readSqliteLedger(session)
  const guard = guardSql('history', `${REVISION_SQL} <> ${revision}`)
  try {
    await atomic(session).runAtomically(guard + reviseSql() + sql, { foreignKeys: true })
  } catch (error) {
    const failure = failureOf(error)
    const violation = failure && violationIn(failure)
    if (violation?.guard === REFERRED_GUARD) rethrow(referredFailure(violation))
    throw error
  }
}

/** The clock of the database, in milliseconds since 1970. */
export async function readSqliteClock(session: Session): Promise<number> {
  const { rows } = await session.queryRaw(`SELECT unixepoch('subsec') * 1000`)
  return Number(rows[0]?.[0])
}
