import { executeLocked, type Session } from '../database/index.ts'
import { prepareLedger } from '../history/index.ts'
import { attempt, rethrow } from '../kernel/index.ts'
import {
  readAlteredColumns,
  readPostgresSeedLedger,
  seedRecordSql,
  type SeedRecord,
} from './ledger.ts'
import { orderTables, type OrderedTable } from './order.ts'
import { haveTriggers, recordAltered } from './postgres/altered.ts'
import { checkConstraints } from './postgres/deferred-constraints.ts'
import { fillDeferredColumns, merge } from './postgres/merge.ts'
import { firstDeletedRows, removeOwned } from './postgres/removal.ts'
import { setSequences } from './postgres/sequences.ts'
import { copyWhole, stage } from './postgres/stage.ts'
import { readDiff, recordChanges, recordUpdates } from './postgres/sync-diff.ts'
import { unchangedRowCount, storeChecksums } from './postgres/unchanged.ts'
import { type Resolved, resolve } from './resolve.ts'
import type { RowChange } from './row-change.ts'
import type { StageOptions } from './row-source.ts'
import {
  destroyedBy,
  isAsRecorded,
  refuseNewer,
  refusePending,
  rowsOfSet,
  type SeedOutcome,
  type SeedRequest,
} from './seed-request.ts'
import type { SeedSet } from './set.ts'
import { type CascadedRows, type TableCounts, withFilled } from './table-counts.ts'
import {
  columnOf,
  readTargetTables,
  refuseSharedTables,
  tableOf,
  type TargetTables,
} from './target-tables.ts'

/**
 * A time without a zone has the same meaning wherever the seeds run; sets of a million rows are joined in
 * memory.
 */
const SETTINGS = `SET LOCAL lock_timeout = '10s';
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO, YMD';
SET LOCAL work_mem = '64MB';
`

/**
 * Runs sets on a target, each in one transaction: COPY writes rows into temporary tables, then one merge per
 * table applies them. A second run writes nothing. The caller must hold the deploy lock. Fails with the codes
 * of `seedFailures`; sets committed before the failed one remain.
 */
export async function runPostgresSeeds(
  session: Session,
  request: SeedRequest,
): Promise<SeedOutcome[]> {
  refusePending(request)
  const tables = await readTargetTables(session, request.names)
  refuseSharedTables(tables, request.sets)
  const records = await readPostgresSeedLedger(session)
  for (const set of request.sets) refuseNewer(set, records)
  if (!request.dryRun) await prepareLedger(session)
  const outcomes: SeedOutcome[] = []
  let first = 0
  const each = async (set: SeedSet) => {
    const before = records.find(({ name }) => name === set.name)
    const ran = await runSet(session, { request, set, tables, first })
    first += set.tables.length
    outcomes.push({ set, ...(before ? { before } : {}), ...ran })
    return ran.tables
  }
  if (request.dryRun) {
    // One transaction for all sets, because a set may need the rows of an earlier one.
    await inTransaction(session, 'ROLLBACK', async () => {
      await prepareLedger(session)
      for (const set of request.sets) await each(set)
    })
    return outcomes
  }
  for (const set of request.sets) {
    await inTransaction(session, 'COMMIT', async () => {
      const counts = await each(set)
      const destroys = destroyedBy(set, counts)
      if (destroys.length > 0) await request.consent(destroys)
      await record(session, request, { set, records, counts })
    })
  }
  return outcomes
}

/** Runs `work` in its own transaction with a lock timeout of 10 s; rolls it back if `work` fails. */
export async function inTransaction(
  session: Session,
  end: 'COMMIT' | 'ROLLBACK',
  work: () => Promise<void>,
): Promise<void> {
  await executeLocked(session, `BEGIN;\n${SETTINGS}`)
  const done = await attempt(work).catch(async (error: unknown) => {
    await session.execute('ROLLBACK')
    throw error
  })
  if (done.ok) return await session.execute(end)
  // The rollback fails too if the connection was lost.
  await attempt(() => session.execute('ROLLBACK'))
  rethrow(done.failure)
}

interface SetRun {
  readonly request: SeedRequest
  readonly set: SeedSet
  readonly tables: TargetTables
  /** The number of the first temporary table. */
  readonly first: number
}

/** A table whose rows went through the merge. */
interface Merged {
  readonly turn: OrderedTable
  /** After `fillDeferred`, with all columns. */
  readonly resolved: Resolved
  readonly counts: TableCounts
}

/**
 * Merges all tables in order, then fills columns that refer to later rows, then deletes rows that the set no
 * longer owns.
 */
async function runSet(
  session: Session,
  run: SetRun,
): Promise<Pick<SeedOutcome, 'tables' | 'altered'>> {
  const { request, set } = run
  request.emit({ kind: 'phase', phase: 'seed', detail: set.name })
  const turns = orderedTablesOf(run)
  const triggers = await haveTriggers(
    session,
    turns.map(({ target }) => target),
  )
  const placed: Merged[] = []
  const whole: TableCounts[] = []
  for (const [at, turn] of turns.entries()) {
    const { table, target } = turn
    const { emit, limits } = request
    const options = { ...run, table, target, at: run.first + at, emit, limits }
    const quick = await withoutMerge(session, options, turn, { request, triggers })
    if (quick) whole.push(quick)
    else placed.push(await mergeTable(session, options, turn, request))
  }
  const merged: Merged[] = []
  for (const one of placed) merged.push(await fillDeferred(session, one))
  const counts = await removeAll(session, merged, request)
  const wrote = counts.some(({ inserted, updated, deleted }) => inserted + updated + deleted > 0)
  if (triggers && wrote) for (const { resolved } of merged) await recordAltered(session, resolved)
  const altered: string[] = []
  for (const { resolved } of merged)
    if ((await readAlteredColumns(session, resolved)).size > 0) altered.push(resolved.table.name)
  await checkConstraints(session, set, request)
  const all = [...whole, ...counts]
  return {
    tables: set.tables.flatMap(({ name }) => all.find(({ table }) => table === name) ?? []),
    altered,
  }
}

async function mergeTable(
  session: Session,
  options: StageOptions,
  turn: OrderedTable,
  { dryRun }: SeedRequest,
): Promise<Merged> {
  const staged = await stage(session, options)
  const resolved = await resolve(session, staged, turn.deferredColumns)
  if (dryRun || resolved.later.length > 0) await recordChanges(session, resolved)
  const counts = await merge(session, resolved, { dryRun })
  const { set, target, content, layout } = staged
  const refers = layout.columns.some(({ references }) => references.length > 0)
  if (isSimple(turn) && content && !refers)
    await storeChecksums(session, set, { target, content, wasEmpty: false })
  return { turn, resolved, counts }
}

/** Fills the columns that refer to later rows. */
async function fillDeferred(session: Session, one: Merged): Promise<Merged> {
  const { turn, resolved, counts } = one
  if (resolved.later.length === 0) return one
  const again = await resolve(session, resolved, new Set())
  const deferred = again.columns.filter(({ name }) => turn.deferredColumns.has(name))
  const filled = await recordUpdates(session, again, deferred)
  const aside = { deleted: counts.deleted, cascaded: [...(counts.cascaded ?? [])] }
  await fillDeferredColumns(session, again, deferred, aside)
  return { turn, resolved: again, counts: { ...withFilled(counts, filled), ...aside } }
}

/** Deletes the rows that the set no longer owns; in a dry run, also reports the changed rows. */
async function removeAll(
  session: Session,
  merged: readonly Merged[],
  { dryRun }: SeedRequest,
): Promise<TableCounts[]> {
  const owned = merged.filter(({ turn }) => turn.table.mode === 'own')
  const gone = new Map<Merged, readonly RowChange[]>()
  if (dryRun) for (const one of owned) gone.set(one, await firstDeletedRows(session, one.resolved))
  const removed = await removeOwned(
    session,
    owned.map(({ resolved }) => resolved),
  )
  // All rows are deleted in one step, so their cascaded rows are reported once.
  let { cascaded } = removed
  const counts: TableCounts[] = []
  for (const one of merged) {
    const deleted = one.counts.deleted + (removed.deleted[owned.indexOf(one)] ?? 0)
    const own: readonly CascadedRows[] = [
      ...(one.counts.cascaded ?? []),
      ...(deleted > 0 ? cascaded : []),
    ]
    if (deleted > 0) cascaded = []
    const { cascaded: _, ...bare } = one.counts
    const all = { ...bare, deleted, ...(own.length > 0 ? { cascaded: own } : {}) }
    counts.push(
      dryRun ? await withRows(session, one, { counts: all, gone: gone.get(one) ?? [] }) : all,
    )
  }
  return counts
}

async function withRows(
  session: Session,
  { resolved }: Merged,
  { counts, gone }: { readonly counts: TableCounts; readonly gone: readonly RowChange[] },
): Promise<TableCounts> {
  const diff = { count: counts.deleted, rows: gone, gone: true }
  const { rows } = await readDiff(session, resolved, diff)
  return { ...counts, rows }
}

function orderedTablesOf({ request, set, tables }: SetRun): readonly OrderedTable[] {
  const { pending } = request
  return orderTables(
    set.tables.map((table) => ({
      table,
      target: tableOf(tables, set, table, pending),
    })),
  )
}

/** Whether the rows of a table are independent: no ownership to check, and no row refers to another. */
function isSimple({ table, target, deferredColumns }: OrderedTable): boolean {
  const key = table.key.map((field) => columnOf(target, field)?.name)
  const unique = target.unique.some((columns) => columns.every((column) => key.includes(column)))
  return table.mode !== 'own' && deferredColumns.size === 0 && unique
}

/**
 * Skips a table that is unchanged since the last run, and copies rows straight into an empty one; otherwise
 * undefined.
 */
async function withoutMerge(
  session: Session,
  options: StageOptions,
  turn: OrderedTable,
  { request, triggers }: { readonly request: SeedRequest; readonly triggers: boolean },
): Promise<TableCounts | undefined> {
  if (!isSimple(turn)) return undefined
  const counts = { table: turn.table.name, inserted: 0, updated: 0, deleted: 0, unchanged: 0 }
  const unchanged = await unchangedRowCount(session, options)
  if (unchanged !== undefined) return { ...counts, unchanged }
  // A dry run lists rows, and only a merge knows them. Changes by triggers are found by comparing with staged
  // rows.
  if (request.dryRun || triggers) return undefined
  const inserted = await copyIntoEmpty(session, options)
  return inserted === undefined ? undefined : { ...counts, inserted }
}

/**
 * Copies rows into an empty table while no other session can write to it. Returns their number, or undefined.
 */
async function copyIntoEmpty(session: Session, options: StageOptions): Promise<number | undefined> {
  const { set, target } = options
  const isEmpty = async () => (await session.query(`SELECT FROM ${target.id} LIMIT 1`)).length === 0
  if (!(await isEmpty())) return undefined
  await session.execute(`LOCK TABLE ${target.id} IN SHARE ROW EXCLUSIVE MODE`)
  if (!(await isEmpty())) return undefined
  const content = await copyWhole(session, options)
  if (content === undefined) return undefined
  if (content.rows > 0) await setSequences(session, target)
  await storeChecksums(session, set, { target, content, wasEmpty: true })
  return content.rows
}

interface Recorded {
  readonly set: SeedSet
  readonly records: readonly SeedRecord[]
  readonly counts: readonly TableCounts[]
}

/** Records the run of a set, unless it changed nothing and the ledger already has the set as it is. */
async function record(
  session: Session,
  { author }: SeedRequest,
  { set, records, counts }: Recorded,
): Promise<void> {
  const before = records.find(({ name }) => name === set.name)
  if (isAsRecorded(set, before, counts)) return
  await session.execute(seedRecordSql(session, set, { rows: rowsOfSet(counts), author }))
}
