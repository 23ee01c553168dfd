import { randomUUID } from 'node:crypto'
import { atomic, type AtomicSession, quoteText, type Session } from '../../database/index.ts'
import { guardSql, type Violation, violationIn } from '../../execution/index.ts'
import { readSqliteLedger, reviseSql } from '../../history/index.ts'
import { advice, command, type Failure, failureOf } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import type { SeedRecord } from '../ledger.ts'
import type { RowChange } from '../row-change.ts'
import {
  destroyedBy,
  isAsRecorded,
  refuseNewer,
  refusePending,
  rowsOfSet,
  type SeedOutcome,
  type SeedRequest,
} from '../seed-request.ts'
import type { SeedSet } from '../set.ts'
import { type CascadedRows, type TableCounts, withFilled } from '../table-counts.ts'
import {
  readTargetTables,
  refuseSharedTables,
  tableOf,
  type TargetTables,
} from '../target-tables.ts'
import { runAbortedScript } from './aborted-script.ts'
import {
  listOf,
  referringOf,
  type ReferencingRows,
  refuseConstraint,
  refuseViolation,
} from './explain.ts'
import { readSeedRun, readSqliteSeedLedger, sqliteSeedRecordSql } from './ledger.ts'
import { CHANGES, COUNTS } from './merge-sql.ts'
import { type DeleteActions, readDeleteActions, referencesJsonSql } from './removal-sql.ts'
import {
  beginSql,
  endSql,
  type PreparedSet,
  prepareSet,
  type ScriptOptions,
  setSql,
  orderedTablesOf,
} from './script.ts'

/**
 * Runs sets on a SQLite or D1 database. Each set is one script: one transaction, which also records the run
 * in the ledger. A script is first tried: its last statement aborts it with a report of the changes, so that
 * all of it is rolled back. If there are changes, the script is sent again, and rolled back again unless it
 * makes exactly the same changes. Fails with the codes of `seedFailures`; sets committed before the failed
 * one remain.
 */
export async function runSqliteSeeds(given: Session, request: SeedRequest): Promise<SeedOutcome[]> {
  refusePending(request)
  const session = atomic(given)
  const tables = await readTargetTables(session, request.names)
  refuseSharedTables(tables, request.sets)
  const records = await readSqliteSeedLedger(session)
  for (const set of request.sets) refuseNewer(set, records)
  const run: Run = { session, request, tables, records, actions: await readDeleteActions(session) }
  if (request.dryRun) return await tryAll(run)
  const outcomes: SeedOutcome[] = []
  for (const set of request.sets) outcomes.push(await runSet(run, set))
  return outcomes
}

interface Run {
  readonly session: AtomicSession
  readonly request: SeedRequest
  readonly tables: TargetTables
  readonly records: readonly SeedRecord[]
  readonly actions: DeleteActions
}

async function prepare(run: Run, set: SeedSet, first: number): Promise<PreparedSet> {
  const { session, request, tables } = run
  const { emit, limits, pending } = request
  emit({ kind: 'phase', phase: 'seed', detail: set.name })
  const turns = orderedTablesOf(set, (table) => tableOf(tables, set, table, pending))
  return await prepareSet(session, { set, turns, tables, first, emit, limits })
}

async function scriptOptions(
  { session, request, actions }: Run,
  sets: readonly PreparedSet[],
): Promise<ScriptOptions> {
  const { revision } = await readSqliteLedger(session)
  return {
    revision,
    actions,
    now: new Date(),
    dryRun: request.dryRun,
    numericTimes: new Set(sets.flatMap((set) => [...set.numericTimes])),
  }
}

/** The maximum number of attempts if other sessions change the database in the meantime. */
const TRIES = 5

/** Tries all sets in one script, because a set may need the rows of an earlier one. */
async function tryAll(run: Run): Promise<SeedOutcome[]> {
  const sets: PreparedSet[] = []
  let first = 0
  for (const set of run.request.sets) {
    sets.push(await prepare(run, set, first))
    first += set.tables.length
  }
  if (sets.length === 0) return []
  for (let tries = 0; tries < TRIES; tries++) {
    const tried = await tryScript(run.session, sets, await scriptOptions(run, sets))
    if (tried) return sets.map((set) => outcomeOf(run, set, tried))
  }
  return refuseChanged(run.request.sets[0])
}

async function runSet(given: Run, set: SeedSet): Promise<SeedOutcome> {
  const { session, request } = given
  const prepared = await prepare(given, set, 0)
  for (let tries = 0; tries < TRIES; tries++) {
    const records = await readSqliteSeedLedger(session)
    refuseNewer(set, records)
    const run = { ...given, records }
    const options = await scriptOptions(run, [prepared])
    const tried = await tryScript(session, [prepared], options)
    if (tried === undefined) continue
    const outcome = outcomeOf(run, prepared, tried)
    const forgets = tried.counts.some(({ what, rows }) => what === 'forgotten' && rows > 0)
    if (isAsRecorded(set, outcome.before, outcome.tables) && !forgets) return outcome
    const destroys = destroyedBy(set, outcome.tables)
    if (destroys.length > 0) await request.consent(destroys)
    if (await write(run, prepared, { options, tried, outcome })) return outcome
  }
  return refuseChanged(set)
}

interface Writing {
  readonly options: ScriptOptions
  readonly tried: Tried
  readonly outcome: SeedOutcome
}

/** Writes a set as it was tried. Returns false if the database has changed since. */
async function write(
  { session, request }: Run,
  prepared: PreparedSet,
  { options, tried, outcome }: Writing,
): Promise<boolean> {
  const { set } = prepared
  const run = randomUUID()
  const rows = rowsOfSet(outcome.tables)
  const script = [
    beginSql(options.revision),
    reviseSql(),
    setSql(prepared, options),
    guardSql('seed-counts', `${COUNTED} <> ${quoteText(countedText(tried.counts))}`),
    sqliteSeedRecordSql(set, { rows, run, author: request.author }),
    endSql([prepared]),
  ]
  try {
    await session.runAtomically(script.join(''), { foreignKeys: true })
    return true
  } catch (error) {
    const failure = failureOf(error)
    if (failure === undefined) throw error
    if (failure.code === 'DATABASE.OUTCOME_UNKNOWN')
      return (await readSeedRun(session, set)) === run || refuseUnknown(set, failure)
    const violation = violationIn(failure)
    if (violation?.guard === 'history' || violation?.guard === 'seed-counts') return false
    return refuse([prepared], failure, violation)
  }
}

function refuse(
  sets: readonly PreparedSet[],
  failure: Failure,
  violation: Violation | undefined,
): never {
  if (violation) return refuseViolation(violation, sets, failure)
  return refuseConstraint(sets, failure)
}

interface Count {
  readonly at: number
  readonly what: string
  readonly rows: number
}

/** The changes that a script made before it was rolled back. */
interface Tried {
  readonly counts: readonly Count[]
  readonly changes: readonly (RowChange & { readonly at: number })[]
  readonly referring: readonly ReferencingRows[]
}

const ORDERED = `(SELECT * FROM ${COUNTS} WHERE rows > 0 ORDER BY rowid)`
const COUNTED = `coalesce((SELECT group_concat(at || ' ' || what || ' ' || rows) FROM ${ORDERED}), '')`

function countedText(counts: readonly Count[]): string {
  return counts.map(({ at, what, rows }) => `${at} ${what} ${rows}`).join(',')
}

/**
 * Runs a script, reports its changes, and rolls it back; undefined if another session changed the database
 * meanwhile.
 */
async function tryScript(
  session: AtomicSession,
  sets: readonly PreparedSet[],
  options: ScriptOptions,
): Promise<Tried | undefined> {
  const script = [
    beginSql(options.revision),
    ...sets.map((set) => setSql(set, options)),
    guardSql('seed-tried', '1', {
      counts: `(SELECT json_group_array(json_array(at, what, rows)) FROM ${ORDERED})`,
      changes: `(SELECT json_group_array(json_array(at, kind, key, columns)) FROM ${CHANGES})`,
      referring: referencesJsonSql(),
    }),
  ]
  for (let tries = 1; ; tries++) {
    const failure = await runAbortedScript(session, script.join(''))
    // Whatever the outcome, the script was rolled back.
    if (failure.code === 'DATABASE.OUTCOME_UNKNOWN' && tries < TRIES) continue
    const violation = violationIn(failure)
    if (violation?.guard === 'seed-tried') return triedOf(violation)
    if (violation?.guard === 'history') return undefined
    return refuse(sets, failure, violation)
  }
}

function triedOf({ facts }: Violation): Tried {
  const counts = listOf(facts['counts']) as [number, string, number][]
  const changes = listOf(facts['changes']) as [number, RowChange['kind'], unknown, unknown][]
  return {
    counts: counts.map(([at, what, rows]) => ({ at, what, rows })),
    changes: changes.map(([at, kind, key, columns]) => ({
      at,
      kind,
      key: (typeof key === 'string' ? JSON.parse(key) : key) as RowChange['key'],
      columns: listOf(columns)
        .flat()
        .filter((name): name is string => name !== null),
    })),
    referring: referringOf(facts['referring']),
  }
}

function outcomeOf(
  { request, records }: Run,
  { set, tables }: PreparedSet,
  tried: Tried,
): SeedOutcome {
  const before = records.find(({ name }) => name === set.name)
  // All rows of a set are deleted together, so their cascaded rows are reported once.
  let cascaded = cascadedOf(
    tables.map(({ staged }) => staged.at),
    tried,
  )
  const counts = tables.map(({ staged: { at, table } }): TableCounts => {
    const sum = (what: string) =>
      tried.counts
        .filter((one) => one.at === at && one.what === what)
        .reduce((total, { rows }) => total + rows, 0)
    const [inserted, updated, deleted] = [sum('inserted'), sum('updated'), sum('deleted')]
    const unchanged = sum('rows') - inserted - updated
    const counted = withFilled(
      { table: table.name, inserted, updated, deleted, unchanged },
      sum('filled'),
    )
    const own = deleted > 0 ? cascaded : []
    if (deleted > 0) cascaded = []
    return {
      ...counted,
      ...(own.length > 0 ? { cascaded: own } : {}),
      ...(request.dryRun ? { rows: changesOf(at, tried) } : {}),
    }
  })
  const ofSet = set.tables.flatMap(({ name }) => counts.find(({ table }) => table === name) ?? [])
  return { set, ...(before ? { before } : {}), tables: ofSet, altered: [] }
}

function cascadedOf(numbers: readonly number[], { referring }: Tried): readonly CascadedRows[] {
  const byTable = Map.groupBy(
    referring.filter(({ at }) => numbers.includes(at)),
    ({ child }) => child,
  )
  return [...byTable].map(([table, notes]) => {
    const sum = (effect: string) =>
      notes.filter((one) => one.effect === effect).reduce((total, { rows }) => total + rows, 0)
    return { table, deleted: sum('delete'), updated: sum('update') }
  })
}

/** The listed changes of a table; a row that is updated twice, to fill columns later, is listed once. */
function changesOf(at: number, { changes }: Tried): RowChange[] {
  const byRow = Map.groupBy(
    changes.filter((one) => one.at === at),
    ({ kind, key }) => JSON.stringify([kind, key]),
  )
  return [...byRow.values()].flatMap((same) => {
    const [first] = same
    if (first === undefined) return []
    const { kind, key } = first
    return [{ kind, key, columns: same.flatMap(({ columns }) => columns) }]
  })
}

function refuseChanged(set: SeedSet | undefined): never {
  return raise('SEEDS.DATABASE_CHANGED', {
    message: `Another session is changing the database while ${set?.name ?? 'a set'} runs.`,
    why: 'Another Slipway command works on it, or rows of the set change repeatedly.',
    nextActions: [advice('None of the set was written. Run the seeds again when it is done.')],
    ...(set ? { where: { file: set.file } } : {}),
  })
}

function refuseUnknown(set: SeedSet, failure: Failure): never {
  return raise('SEEDS.OUTCOME_UNKNOWN', {
    message: `The response for ${set.name} was lost. The ledger has no record of this run.`,
    why: [failure.message, 'It is one transaction: all of it is written, or nothing.'].join(' '),
    nextActions: [
      command(['seed', 'status'], 'see what the database has'),
      command(['seed', 'run'], 'run it again: rows that exist are not written twice'),
    ],
    where: { file: set.file },
  })
}
