import { dialectOf, type Session } from '../database/index.ts'
import { finishedGroups, unknownGroup } from '../execution/index.ts'
import {
  type Direction,
  type History,
  type HistoryRow,
  type JournalEntry,
  readJournal,
} from '../history/index.ts'
import { attempt } from '../kernel/index.ts'
import { appliedMigrations, projectScope } from '../plan/index.ts'
import { isRestored } from '../rollback/index.ts'
import { readAllKept } from '../safekeeping/index.ts'
import {
  type Catalog,
  type Change,
  difference,
  type Fingerprint,
  fingerprint,
  readCatalog,
  type SchemaScript,
  scriptBetweenServers,
  scriptSql,
  withoutInvalidIndexes,
} from '../schema/index.ts'
import { withShadowDatabase } from '../shadow/index.ts'
import {
  matchesChecksum,
  type Migration,
  parseMigration,
  parserFor,
  type MigrationFile,
} from '../statements/index.ts'
import type { StopPoint } from './diagnosis.ts'
import type { ExamineRequest, Repairable } from './request.ts'
import {
  type StateSequence,
  doneAfter,
  fittingStates,
  type State,
  statesByStatement,
  statesByGroup,
} from './states.ts'

/** A migration that may be partly applied, with everything that is known about it. */
export interface PartialMigration {
  readonly migration: string
  readonly direction: Direction
  readonly row: HistoryRow
  /** What was being run: the migration, or its down migration. */
  readonly plan: Migration
  readonly invalidIndexes: readonly string[]
  /** The catalog before the run, and the one after it, which is undefined if it fails on a shadow database. */
  readonly start: Catalog
  readonly goal: Catalog | undefined
  readonly stop: StopPoint
  /** Differences of the target that the migration did not cause. */
  readonly beside: readonly Change[]
  /** The catalog from which an undo starts: the target's, without the differences in `beside`. */
  readonly from: Catalog
  readonly editedSince: boolean
  readonly failure: StateSequence['failure']
  /** The statements whose changes of rows an undo restores from the kept data. */
  readonly restored: ReadonlySet<number>
}

/** An unfinished migration, with its history row and its files. */
interface PartialMigrationRequest {
  readonly session: Session
  readonly history: History
  readonly row: HistoryRow
  readonly migration: Repairable
  readonly request: ExamineRequest
}

/** Examines an unfinished migration: runs it on a shadow database and compares each state with that of the target. */
export async function examinePartial(about: PartialMigrationRequest): Promise<PartialMigration> {
  const { session, migration, row, request } = about
  const parser = await parserFor(dialectOf(session))
  const journal = (await readJournal(session)).filter((entry) => entry.migration === migration.name)
  const direction = directionOf(journal)
  const entries = journal.filter((entry) => entry.direction === direction)
  const before = appliedMigrations({ history: about.history, migrations: request.migrations })
  const history = direction === 'up' ? before : [...before, migration]
  const plan = parseMigration(
    direction === 'up' ? migration : await readDownMigration(migration, before, request),
    parser,
  )
  const actual = await readCatalog(session, await projectScope(session, request.migrations))
  const { catalog, invalid } = withoutInvalidIndexes(actual)
  const stateSequence = await readStates(plan, { history, request, print: fingerprint(catalog) })
  const stop = await locate(plan, stateSequence, {
    actual: catalog,
    journal: entries,
    logged: Boolean(row.logs),
  })
  const at =
    stop.kind === 'stopped'
      ? stateSequence.states.find(({ done }) => done === stop.done)?.catalog
      : undefined
  const beside = at ? difference(at, catalog) : []
  return {
    migration: migration.name,
    direction,
    row,
    plan,
    invalidIndexes: invalid,
    start: (stateSequence.states[0] as State).catalog,
    goal: stateSequence.failure ? undefined : stateSequence.states.at(-1)?.catalog,
    stop,
    beside,
    from: at && beside.length > 0 ? at : actual,
    editedSince: !matchesChecksum(migration.sql, row.checksum),
    failure: stateSequence.failure,
    restored: direction === 'up' ? await readRestored(session, plan) : new Set(),
  }
}

async function readRestored(
  session: Session,
  { name, statements }: Migration,
): Promise<ReadonlySet<number>> {
  const kept = (await readAllKept(session)).filter(
    (one) => one.migration === name && !one.byRollback,
  )
  return new Set(statements.flatMap(({ number }) => (isRestored(number, kept) ? [number] : [])))
}

/** Whether a migration was being applied or rolled back, by its journal. */
export function directionOf(journal: readonly JournalEntry[]): Direction {
  const isDown = journal.length > 0 && journal.every(({ direction }) => direction === 'down')
  return isDown ? 'down' : 'up'
}

/** The down migration that was being run: its file, or else the one generated from the catalogs. */
async function readDownMigration(
  migration: Repairable,
  before: readonly MigrationFile[],
  request: ExamineRequest,
): Promise<MigrationFile> {
  const { name, down, downPath = `${name}/down.sql` } = migration
  if (down !== undefined) return { name, sql: down, path: downPath }
  const catalogOf = (history: readonly MigrationFile[]) =>
    withShadowDatabase(request.shadow, history, async (copy) =>
      readCatalog(copy, await projectScope(copy, request.migrations)),
    )
  const [after, target] = [await catalogOf([...before, migration]), await catalogOf(before)]
  return { name, sql: scriptSql(scriptBetweenServers(after, target)), path: downPath }
}

/** The states between transaction groups; if the target is in none of them, the states after each statement. */
async function readStates(
  plan: Migration,
  about: {
    readonly history: readonly MigrationFile[]
    readonly request: ExamineRequest
    readonly print: Fingerprint
  },
): Promise<StateSequence> {
  const { history, request, print } = about
  const walk = (states: typeof statesByGroup) =>
    withShadowDatabase(
      request.shadow,
      history,
      async (copy) => states(copy, plan, await projectScope(copy, request.migrations)),
      [plan],
    )
  const byGroup = await walk(statesByGroup)
  const known = fittingStates(byGroup.states, print).length > 0
  if (known && byGroup.failure === undefined) return byGroup
  const byStatement = await walk(statesByStatement)
  if (!known && byStatement.failure !== undefined && byGroup.failure === undefined) return byGroup
  if (!known) return byStatement
  // A group fails on the shadow database: its statements show which one, and whether only because rows are missing.
  const bounds = new Set([0, ...plan.groups.map((group) => doneAfter(plan, group))])
  return { ...byStatement, states: byStatement.states.filter(({ done }) => bounds.has(done)) }
}

interface Evidence {
  readonly actual: Catalog
  readonly journal: readonly JournalEntry[]
  /** The history records that a statement failed. */
  readonly logged: boolean
}

async function locate(
  plan: Migration,
  { states }: StateSequence,
  { actual, journal, logged }: Evidence,
): Promise<StopPoint> {
  const total = plan.statements.length
  const unknown = unknownGroup(plan, journal)
  if (unknown) {
    const number = unknown.statements[0]?.number ?? 1
    return { kind: 'in-doubt', possible: [number - 1, number], total, cutOff: number }
  }
  const possible = [...new Set(fittingStates(states, fingerprint(actual)).map(({ done }) => done))]
  const [first, ...others] = possible
  if (first === undefined) return { kind: 'unlike', total, ...nearest(states, actual) }
  if (others.length === 0) return { kind: 'stopped', done: first, total, evidence: 'catalog' }
  const journalled = await doneByJournal(plan, journal)
  if (journalled !== undefined && possible.includes(journalled)) {
    return { kind: 'stopped', done: journalled, total, evidence: 'journal' }
  }
  if (plan.atomic && logged && possible.includes(0))
    return { kind: 'stopped', done: 0, total, evidence: 'transaction' }
  return { kind: 'in-doubt', possible, total }
}

function nearest(states: readonly State[], actual: Catalog) {
  const distances = states.map(({ done, catalog }) => ({
    nearest: done,
    changes: difference(catalog, actual),
  }))
  return (
    distances.toSorted((a, b) => a.changes.length - b.changes.length)[0] ?? {
      nearest: 0,
      changes: [],
    }
  )
}

/** The number of applied statements in Slipway's journal; undefined if there is none, or it is for another text. */
async function doneByJournal(
  plan: Migration,
  entries: readonly JournalEntry[],
): Promise<number | undefined> {
  if (entries.length === 0) return undefined
  const finished = await attempt(async () => finishedGroups(plan, entries))
  if (!finished.ok) return undefined
  const next = plan.groups[finished.value]
  return next ? (next.statements[0]?.number ?? 1) - 1 : plan.statements.length
}

/** The SQL from the current schema of the target to the one before the run, if there is one. */
export async function scriptToStart({
  from,
  start,
}: PartialMigration): Promise<SchemaScript | undefined> {
  const script = await attempt(async () => scriptBetweenServers(from, start))
  return script.ok ? script.value : undefined
}
