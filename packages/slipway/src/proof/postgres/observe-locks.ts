import {
  type Address,
  quoteLiteral,
  type Row,
  type Session,
  withSession,
} from '../../database/index.ts'

/** The kind of a relation; a materialized view counts as a view. */
export type RelationKind = 'table' | 'index' | 'view'

/** A relation that existed before the migration and still exists. */
export interface ExistingRelation extends Row {
  readonly oid: string
  /** Its original name as the server writes it. */
  readonly relation: string
  /** Its current name in SQL, with the schema. */
  readonly name: string
  readonly kind: RelationKind
  /** The tables of which it is a partition or a child, as a JSON array. */
  readonly within: string | null
}

/** A lock that a session was seen to hold or to wait for. */
export interface ObservedLock {
  readonly of: ExistingRelation
  /** The server's name: `ShareUpdateExclusiveLock`. */
  readonly mode: string
}

export interface ObservedRun<T> {
  readonly value: T
  readonly locks: readonly ObservedLock[]
  /** When Slipway stopped blocking it, as a `performance.now()` time. */
  readonly from: number
}

/** How long the statement is blocked at most: not every statement locks one of the tables. */
const HOLD_MS = 250

/**
 * Runs `work` of a session outside a transaction, and returns the locks that another session saw. This
 * witness session first locks all tables, so that the work stops at the first table that it wants to lock in
 * a conflicting mode. Then the witness releases its locks and keeps watching. It may miss later locks that
 * are held for less time than one query takes.
 */
export async function observeLocks<T>(
  session: Session,
  {
    address,
    existing,
  }: { readonly address: Address; readonly existing: readonly ExistingRelation[] },
  work: () => Promise<T>,
): Promise<ObservedRun<T>> {
  return await withSession(address, { applicationName: 'slipway witness' }, async (other) => {
    const tables = existing.filter(({ kind }) => kind === 'table').map(({ name }) => name)
    let holding = tables.length > 0
    if (holding) {
      const list = tables.join(', ')
      await other.execute(`BEGIN; LOCK TABLE ${list} IN SHARE UPDATE EXCLUSIVE MODE`)
    }
    const seen = new Map<string, ObservedLock>()
    let from = performance.now()
    const running = work()
    const ended = running.then(
      () => true,
      () => true,
    )
    do {
      const waits = await recordLocks(other, session, { existing, seen })
      if (holding && (waits || performance.now() - from > HOLD_MS)) {
        holding = false
        from = performance.now()
        await other.execute('COMMIT')
      }
    } while (!(await Promise.race([ended, Promise.resolve(false)])))
    if (holding) await other.execute('COMMIT')
    return { value: await running, locks: [...seen.values()], from }
  })
}

interface LockRecords {
  readonly existing: readonly ExistingRelation[]
  readonly seen: Map<string, ObservedLock>
}

/** Records the locks that the session holds or requests. Returns whether it waits for one. */
async function recordLocks(
  other: Session,
  session: Session,
  { existing, seen }: LockRecords,
): Promise<boolean> {
  const rows = await other.query<{ oid: string | null; mode: string; granted: boolean }>(
    `SELECT relation::text AS oid, mode, granted FROM pg_locks WHERE pid = ${session.server.pid}
       AND (locktype <> 'relation' OR database = (SELECT oid FROM pg_database WHERE datname = ${quoteLiteral(session.server.database)}))`,
  )
  for (const { oid, mode } of rows) {
    const of = existing.find((one) => one.oid === oid)
    if (of) seen.set(`${of.oid} ${mode}`, { of, mode })
  }
  return rows.some(({ granted }) => !granted)
}
