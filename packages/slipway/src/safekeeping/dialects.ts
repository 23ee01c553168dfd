import { type ByDialect, dialectOf, type Session } from '../database/index.ts'
import type { TargetSession } from '../execution/index.ts'
import { type Kept, readAllKept } from './kept-data.ts'
import {
  pruneKept as prunePostgres,
  readClock as readPostgresClock,
  restoreKept as restorePostgres,
} from './prune.ts'

/** Access to the kept data of databases of one dialect. */
interface KeptData {
  /** All data that is or was kept, and the rows that migrations inserted, oldest first. */
  read(session: Session): Promise<Kept[]>
  restore(target: TargetSession, id: number): Promise<Kept>
  prune(target: TargetSession, kept: readonly Kept[]): Promise<void>
  clock(session: Session): Promise<number>
}

const KEPT: ByDialect<() => Promise<KeptData>> = {
  postgres: async () => ({
    read: readAllKept,
    restore: restorePostgres,
    prune: prunePostgres,
    clock: readPostgresClock,
  }),
  async sqlite() {
    const [{ readSqliteKept: read }, { pruneSqlite, readSqliteClock, restoreSqlite }] =
      await Promise.all([import('./sqlite/kept.ts'), import('./sqlite/prune.ts')])
    return { read, restore: restoreSqlite, prune: pruneSqlite, clock: readSqliteClock }
  },
}

async function keptOf(session: Session): Promise<KeptData> {
  return await KEPT[dialectOf(session)]()
}

/**
 * All data of a project that is or was kept on a database, oldest first; empty if none ever was. With
 * `inserted`, also the rows that migrations inserted, which a rollback deletes.
 */
export async function readKept(
  session: Session,
  { inserted = false }: { readonly inserted?: boolean } = {},
): Promise<Kept[]> {
  const { read } = await keptOf(session)
  const all = await read(session)
  return all.filter((one) => inserted || !one.inserted)
}

/**
 * Restores one piece of kept data into the existing table or column. Existing rows stay. Data that was
 * already restored does not change, so a restore whose answer was lost can be repeated. Fails with
 * SAFEKEEPING.UNKNOWN, SAFEKEEPING.NO_PLACE or SAFEKEEPING.TABLE_UNCERTAIN.
 */
export async function restoreKept(target: TargetSession, id: number): Promise<Kept> {
  const { restore } = await keptOf(target.session)
  return await restore(target, id)
}

/** Drops kept data permanently, all in one transaction, within the limits of the target. */
export async function pruneKept(target: TargetSession, kept: readonly Kept[]): Promise<void> {
  const { prune } = await keptOf(target.session)
  if (kept.length > 0) await prune(target, kept)
}

/** The clock of the server, in milliseconds since 1970. */
export async function readClock(session: Session): Promise<number> {
  const { clock } = await keptOf(session)
  return await clock(session)
}
