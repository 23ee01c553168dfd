import { executeLocked, type Session } from '../database/index.ts'
import { prepareLedger } from '../history/index.ts'
import { advice, attempt, command, type Emit, rethrow } from '../kernel/index.ts'
import { raise } from './failures.ts'
import { readSeedLedger, type SeedAuthor, seedRecordSql, type SeedRecord } from './ledger.ts'
import { inOrder, type TableInTurn } from './order.ts'
import {
  fillLater,
  merge,
  ownedChanges,
  removeOwned,
  setSequences,
  type TableCounts,
} from './postgres/merge.ts'
import { copyWhole, stage, type StageOptions } from './postgres/stage.ts'
import { readDiff, recordChanges, recordUpdates } from './postgres/sync-diff.ts'
import { isUnchanged, remember } from './postgres/unchanged.ts'
import { type Resolved, resolve } from './resolve.ts'
import type { SeedSet } from './set.ts'
import {
  columnOf,
  readTargetTables,
  tableOf,
  type TargetTables,
  type NamesIn,
} from './target-tables.ts'

/** Sets to be run on a target, in their order. */
export interface SeedRequest {
  readonly sets: readonly SeedSet[]
  readonly names: NamesIn
  /** Migrations that the target lacks: seeds may not fit. */
  readonly pending: readonly string[]
  readonly author: SeedAuthor
  /** Do all of it, report the changes, and roll it back. */
  readonly dryRun: boolean
  /** Asked before a set that changes or deletes rows is committed; throws where that is not wanted. */
  readonly consent: (destroys: readonly string[]) => Promise<void>
  readonly emit: Emit
}

/** What a run did with a set, or would do. */
export interface SeedOutcome {
  readonly set: SeedSet
  /** What the database had of it before. */
  readonly before?: SeedRecord
  readonly tables: readonly TableCounts[]
}

/** A time without a zone means the same wherever the seeds run; sets of a million rows are joined in memory. */
const SETTINGS = `SET LOCAL lock_timeout = '10s';
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO, YMD';
SET LOCAL work_mem = '64MB';
`

/**
 * Runs sets on a target, each in one transaction: rows go by COPY into temporary tables, and from there by one merge
 * a table. A second run writes nothing. Needs the lock of the database. Fails with the codes of `seedFailures`; what
 * was committed before a set that fails stays.
 */
export async function runSeeds(session: Session, request: SeedRequest): Promise<SeedOutcome[]> {
  refusePending(request)
  const tables = await readTargetTables(session, request.names)
  const records = await readSeedLedger(session)
  for (const set of request.sets) refuseNewer(set, records)
  if (!request.dryRun) await prepareLedger(session)
  const outcomes: SeedOutcome[] = []
  const each = async (set: SeedSet) => {
    const before = records.find(({ name }) => name === set.name)
    const counts = await runSet(session, { request, set, tables, first: outcomes.length * 100 })
    outcomes.push({ set, ...(before ? { before } : {}), tables: counts })
    return counts
  }
  if (request.dryRun) {
    // One transaction for all: a set may need the rows of the one before it.
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

/** Runs work in a transaction of its own, which waits for no lock longer than 10 s; what fails in it rolls all of it back. */
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
  // The connection may be what failed.
  await attempt(() => session.execute('ROLLBACK'))
  rethrow(done.failure)
}

function refusePending({ pending }: SeedRequest): void {
  if (pending.length === 0) return
  raise('SEEDS.MIGRATIONS_PENDING', {
    message: `${pending.length === 1 ? 'A migration is' : `${pending.length} migrations are`} pending: ${pending.slice(0, 3).join(', ')}${pending.length > 3 ? ', …' : ''}.`,
    why: 'Seeds fit the schema that the migrations give.',
    nextActions: [command(['deploy'], 'apply them, then run the seeds')],
  })
}

function refuseNewer(set: SeedSet, records: readonly SeedRecord[]): void {
  const before = records.find(({ name }) => name === set.name)
  if (before === undefined || before.version <= set.version) return
  raise('SEEDS.NEWER_DATABASE', {
    message: `The database has version ${before.version} of ${set.name}; the files are version ${set.version}.`,
    why: 'An older set would overwrite newer rows.',
    nextActions: [
      advice('Fetch the commit that has the newer set.'),
      command(['seed', 'status'], 'see what the database has'),
    ],
    where: { file: set.file },
  })
}

interface SetRun {
  readonly request: SeedRequest
  readonly set: SeedSet
  readonly tables: TargetTables
  /** From where temporary tables are numbered. */
  readonly first: number
}

/** A table whose rows went through the merge. */
interface Merged {
  readonly turn: TableInTurn
  readonly resolved: Resolved
  readonly counts: TableCounts
}

/** All tables in their turn: rows in, then what had to wait for rows, then what is no longer owned. */
async function runSet(session: Session, run: SetRun): Promise<TableCounts[]> {
  const { request, set } = run
  request.emit({ kind: 'phase', phase: 'seed', detail: set.name })
  const merged: Merged[] = []
  const whole: TableCounts[] = []
  for (const [at, turn] of turnsOf(run).entries()) {
    const { table, target } = turn
    const options = { ...run, table, target, at: run.first + at, emit: request.emit }
    const quick = await withoutMerge(session, options, turn, request)
    if (quick) whole.push(quick)
    else merged.push(await mergeTable(session, options, turn, request))
  }
  const finished: TableCounts[] = []
  const filled = new Map<Merged, number>()
  for (const one of merged) filled.set(one, await fillWaiting(session, one, request))
  for (const one of merged.toReversed()) {
    const done = await finish(session, one, request)
    finished.push(withFilled(done, filled.get(one) ?? 0))
  }
  const all = [...whole, ...finished]
  return set.tables.flatMap(({ name }) => all.find(({ table }) => table === name) ?? [])
}

async function mergeTable(
  session: Session,
  options: StageOptions,
  turn: TableInTurn,
  { dryRun }: SeedRequest,
): Promise<Merged> {
  const staged = await stage(session, options)
  const resolved = await resolve(session, staged, turn.later)
  if (dryRun) await recordChanges(session, resolved)
  const counts = await merge(session, resolved)
  const { set, target, content, layout } = staged
  if (isSimple(turn) && content && layout.references.length === 0)
    await remember(session, set, { target, content, alone: false })
  return { turn, resolved, counts }
}

/** Columns that refer to rows which came later; gives how many rows they changed. */
async function fillWaiting(
  session: Session,
  { turn, resolved }: Merged,
  { dryRun }: SeedRequest,
): Promise<number> {
  if (resolved.later.length === 0) return 0
  const again = await resolve(session, resolved, new Set())
  const waiting = again.columns.filter(({ name }) => turn.later.has(name))
  if (dryRun) await recordUpdates(session, again, waiting)
  return await fillLater(session, again, waiting)
}

/** Takes away what the set no longer owns; of a dry run, with the rows that change. */
async function finish(
  session: Session,
  { turn, resolved, counts }: Merged,
  { dryRun }: SeedRequest,
): Promise<TableCounts> {
  const { mode } = turn.table
  const gone = dryRun && mode === 'own' ? await ownedChanges(session, resolved) : []
  const deleted = mode === 'own' ? await removeOwned(session, resolved) : 0
  if (!dryRun) return { ...counts, deleted }
  const { rows } = await readDiff(session, resolved, { count: deleted, rows: gone, gone: true })
  const kinds = mode === 'insert-missing' ? ['insert'] : ['insert', 'update', 'delete']
  return { ...counts, deleted, rows: rows.filter(({ kind }) => kinds.includes(kind)) }
}

/** A row that was inserted in this run does not count as a change of an existing row. */
function withFilled(counts: TableCounts, filled: number): TableCounts {
  const changed = Math.min(Math.max(filled - counts.inserted, 0), counts.unchanged)
  return {
    ...counts,
    updated: counts.updated + changed,
    unchanged: counts.unchanged - changed,
  }
}

function turnsOf({ request, set, tables }: SetRun): readonly TableInTurn[] {
  const { pending } = request
  return inOrder(
    set.tables.map((table) => ({
      table,
      target: tableOf(tables, set, table, pending),
    })),
  )
}

/** Whether the rows of a table are independent: no ownership to check, and no row refers to another. */
function isSimple({ table, target, later }: TableInTurn): boolean {
  const key = table.key.map((field) => columnOf(target, field)?.name)
  const unique = target.unique.some((columns) => columns.every((column) => key.includes(column)))
  return table.mode !== 'own' && later.size === 0 && unique
}

/** A table that is as the last run left it needs nothing; an empty one takes the rows as they come. */
async function withoutMerge(
  session: Session,
  options: StageOptions,
  turn: TableInTurn,
  { dryRun }: SeedRequest,
): Promise<TableCounts | undefined> {
  if (!isSimple(turn)) return undefined
  const counts = { table: turn.table.name, inserted: 0, updated: 0, deleted: 0, unchanged: 0 }
  const unchanged = await isUnchanged(session, options)
  if (unchanged !== undefined) return { ...counts, unchanged }
  // A dry run names rows, and only a merge knows them.
  if (dryRun) return undefined
  const inserted = await copyIntoEmpty(session, options)
  return inserted === undefined ? undefined : { ...counts, inserted }
}

/** Copies rows into an empty table, while nobody else can write to it; gives how many. */
async function copyIntoEmpty(session: Session, options: StageOptions): Promise<number | undefined> {
  const { set, target } = options
  const isEmpty = async () => (await session.query(`SELECT FROM ${target.id} LIMIT 1`)).length === 0
  if (!(await isEmpty())) return undefined
  await session.execute(`LOCK TABLE ${target.id} IN SHARE ROW EXCLUSIVE MODE`)
  if (!(await isEmpty())) return undefined
  const content = await copyWhole(session, options)
  if (content === undefined) return undefined
  if (content.rows > 0) await setSequences(session, target)
  await remember(session, set, { target, content, alone: true })
  return content.rows
}

/** What a person must agree to on a protected target. */
function destroyedBy(set: SeedSet, counts: readonly TableCounts[]): string[] {
  return counts.flatMap(({ table, updated, deleted }) => [
    ...(updated > 0 ? [`values of ${updated} rows of ${table} (seed ${set.name})`] : []),
    ...(deleted > 0 ? [`${deleted} rows of ${table} (seed ${set.name})`] : []),
  ])
}

interface Recorded {
  readonly set: SeedSet
  readonly records: readonly SeedRecord[]
  readonly counts: readonly TableCounts[]
}

/** A run that changed nothing, of a set that is known as it is, writes nothing. */
async function record(
  session: Session,
  { author }: SeedRequest,
  { set, records, counts }: Recorded,
): Promise<void> {
  const rows = counts.reduce((sum, one) => sum + one.inserted + one.updated + one.unchanged, 0)
  const before = records.find(({ name }) => name === set.name)
  const same =
    before?.version === set.version && before.checksum === set.checksum && before.rows === rows
  const changed = counts.some(({ inserted, updated, deleted }) => inserted + updated + deleted > 0)
  if (!same || changed) await session.execute(seedRecordSql(session, set, { rows, author }))
}
