import {
  type Address,
  quoteLiteral,
  type Row,
  type Session,
  withSession,
} from '../../database/index.ts'

/** What a relation is; a materialized view counts as a view. */
export type RelationKind = 'table' | 'index' | 'view'

/** A relation that existed before the migration. */
export interface ExistingRelation extends Row {
  readonly oid: string
  /** As the server names it, quoted for SQL. */
  readonly relation: string
  readonly kind: RelationKind
  /** The tables that it is a partition or a child of, as a list in JSON. */
  readonly within: string | null
}

/** A lock that a session was seen to hold or to wait for. */
export interface WitnessedLock {
  readonly of: ExistingRelation
  /** As the server names it: `ShareUpdateExclusiveLock`. */
  readonly mode: string
}

export interface Witnessed<T> {
  readonly value: T
  readonly locks: readonly WitnessedLock[]
  /** From when nothing of Slipway blocked it, as `performance.now()`. */
  readonly from: number
}

/** How long it is held up at most: not every statement wants one of the tables. */
const HOLD_MS = 250

/**
 * Runs work of a session that has no transaction to look into, and tells which locks another session saw. The witness
 * first holds all tables, so that the work stops at the first that it wants to lock against others of its kind; then
 * it lets go, and looks on. What is locked behind that for less than the time of a look may be missed.
 */
export async function witness<T>(
  session: Session,
  {
    address,
    existing,
  }: { readonly address: Address; readonly existing: readonly ExistingRelation[] },
  work: () => Promise<T>,
): Promise<Witnessed<T>> {
  return await withSession(address, { applicationName: 'slipway witness' }, async (other) => {
    const tables = existing.filter(({ kind }) => kind === 'table').map(({ relation }) => relation)
    let holding = tables.length > 0
    if (holding) {
      const list = tables.join(', ')
      await other.execute(`BEGIN; LOCK TABLE ${list} IN SHARE UPDATE EXCLUSIVE MODE`)
    }
    const seen = new Map<string, WitnessedLock>()
    let from = performance.now()
    const running = work()
    const ended = running.then(
      () => true,
      () => true,
    )
    do {
      const waits = await look(other, session, { existing, seen })
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

interface Looking {
  readonly existing: readonly ExistingRelation[]
  readonly seen: Map<string, WitnessedLock>
}

/** Notes what the session holds and wants; tells whether it waits. */
async function look(
  other: Session,
  session: Session,
  { existing, seen }: Looking,
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
