import { type ByDialect, dialectOf, type Session } from '../database/index.ts'
import type { TargetSession } from '../execution/index.ts'
import { type Kept, readAllKept } from './kept.ts'
import {
  pruneKept as prunePostgres,
  readClock as readPostgresClock,
  restoreKept as restorePostgres,
} from './prune.ts'
import { readSqliteKept } from './sqlite/kept.ts'
import { pruneSqlite, readSqliteClock, restoreSqlite } from './sqlite/prune.ts'

/** Kept data of databases of one dialect. */
interface KeptData {
  /** All that is or was kept, and the rows that migrations inserted, the oldest first. */
  read(session: Session): Promise<Kept[]>
  restore(target: TargetSession, id: number): Promise<Kept>
  prune(target: TargetSession, kept: readonly Kept[]): Promise<void>
  clock(session: Session): Promise<number>
}

const KEPT: ByDialect<KeptData> = {
  postgres: {
    read: readAllKept,
    restore: restorePostgres,
    prune: prunePostgres,
    clock: readPostgresClock,
  },
  sqlite: {
    read: readSqliteKept,
    restore: restoreSqlite,
    prune: pruneSqlite,
    clock: readSqliteClock,
  },
}

/**
 * All that is or was kept of a project on a database, the oldest first; nothing if nothing ever was. With `inserted` also
 * the rows that migrations inserted, which a rollback deletes.
 */
export async function readKept(
  session: Session,
  { inserted = false }: { readonly inserted?: boolean } = {},
): Promise<Kept[]> {
  const all = await KEPT[dialectOf(session)].read(session)
  return all.filter((one) => inserted || !one.inserted)
}

/**
 * Restores one piece of kept data into the existing table or column. Existing rows stay. What was restored before stays
 * as it is: a restore whose answer was lost can be repeated. Fails with SAFEKEEPING.UNKNOWN, SAFEKEEPING.NO_PLACE or
 * SAFEKEEPING.TABLE_UNCERTAIN.
 */
export async function restoreKept(target: TargetSession, id: number): Promise<Kept> {
  return await KEPT[dialectOf(target.session)].restore(target, id)
}

/** Drops kept data permanently, all in one transaction, within the limits of the target. */
export async function pruneKept(target: TargetSession, kept: readonly Kept[]): Promise<void> {
  if (kept.length > 0) await KEPT[dialectOf(target.session)].prune(target, kept)
}

/** The clock of the server, in milliseconds since 1970. */
export async function readClock(session: Session): Promise<number> {
  return await KEPT[dialectOf(session)].clock(session)
}
