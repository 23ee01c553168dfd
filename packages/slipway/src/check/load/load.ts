import { setTimeout as sleep } from 'node:timers/promises'
import { type Address, dialectOf, type Session } from '../../database/index.ts'
import { keepHooksFor, createHistoryTables, prepareKeeping } from '../../deploy/index.ts'
import { deployJournal, type Limits, type Receipt, runMigrations } from '../../execution/index.ts'
import { advice, command, type Emit, type Failure, must } from '../../kernel/index.ts'
import type { MigrationFolder } from '../../project/index.ts'
import type { Proof } from '../../proof/index.ts'
import {
  fillToScale,
  readShape,
  type ScaledTable,
  type ShadowOptions,
  withServerShadowDatabase,
} from '../../shadow/index.ts'
import { type Migration, parseMigrations, type MigrationFile } from '../../statements/index.ts'
import { raise } from '../failures.ts'
import { type AffectedTables, findAffectedTables } from './affected-tables.ts'
import type { RowsFrom, RowCountOf } from './row-counts.ts'
import { observeTimes, type Span } from './timing.ts'
import { type ClassWaits, waitsOf, type Window } from './waits.ts'
import { clientCheckSql, withWorkload, type Workload } from './workload.ts'

/** The conditions of a load test. */
export interface LoadConditions {
  readonly rowCountOf: RowCountOf
  /** The limits of a deploy to the target. */
  readonly limits: Limits
  /** The time limit for filling the tables and running one migration. */
  readonly deadlineMs: number
  readonly signal: AbortSignal
  readonly emit: Emit
}

/** The waits of queries during a migration. Times in milliseconds, from the start of the workload. */
export interface Load {
  /** The tables on which queries ran: those that the migration touches, at most five. */
  readonly tables: readonly LoadedTable[]
  /** Further tables that it touches, without rows and queries. */
  readonly leftOut: readonly string[]
  readonly waits: readonly ClassWaits[]
  /** When the migration ran, and its statements, each attempt separately. */
  readonly window: Window
  readonly spans: readonly Span[]
  readonly status: Receipt['status']
  readonly attempts: number
  /** The time spent in attempts that did not get a lock, and between them. */
  readonly lockWaitMs: number
  /** Why it did not complete. */
  readonly failure?: Failure
}

/** A table with generated rows. */
export interface LoadedTable {
  readonly table: string
  /** Fewer than `wanted` if no more could be generated. */
  readonly rows: number
  readonly wanted: number
  readonly from: RowsFrom
}

const MOST_TABLES = 5
const BASELINE_MS = 1000
const SETTLE_MS = 50

/**
 * Runs a migration as a deploy does, on a shadow database of a server with many rows in the tables that it
 * touches. Measures how long concurrent point reads, point writes and a long reader wait. Fails with
 * CHECK.LOAD_NEEDS_SERVER if the shadow database would be embedded. Touches no target.
 */
export async function loadMigration(
  migration: MigrationFolder,
  before: readonly MigrationFile[],
  request: LoadConditions & { readonly shadow: ShadowOptions; readonly proof: Proof },
): Promise<Load> {
  const work = (session: Session, address: Address) =>
    loadOn({ session, address, migration, ...request })
  const found = await withServerShadowDatabase(request.shadow, before, work, [migration])
  return found ? found.value : raiseNeedsServer(migration)
}

/** Fails if a load test is impossible, or has no server, before anything runs. */
export function requireServer({ dialect, named, running }: ShadowOptions): void {
  if (dialect === 'sqlite')
    raise('CHECK.LOAD_NOT_SUPPORTED', {
      message: 'Slipway runs load tests on PostgreSQL only.',
      why: 'On SQLite and D1, a migration blocks every other write until it ends, however it is written.',
      nextActions: [command(['check'], 'test the migrations without load')],
    })
  if (named === 'embedded' || (named === undefined && running === undefined)) raiseNeedsServer()
}

function raiseNeedsServer(migration?: MigrationFolder): never {
  return raise('CHECK.LOAD_NEEDS_SERVER', {
    message: migration
      ? `${migration.name} cannot run under load: its shadow database would be the embedded database.`
      : 'The shadow database is the embedded database, which cannot run a load test.',
    why: migration
      ? 'Its history creates roles, or needs extensions that the PostgreSQL of this machine lacks. The embedded database has only one session.'
      : 'It has only one session, so no query would have to wait.',
    nextActions: [
      advice(
        'Install PostgreSQL on this machine: Slipway then starts a private server for each command.',
      ),
      advice("Or name a server in slipway.config.ts: shadow: 'env:SHADOW_SERVER_URL'."),
    ],
  })
}

interface Site extends LoadConditions {
  readonly session: Session
  readonly address: Address
  readonly migration: MigrationFolder
  readonly proof: Proof
}

async function loadOn(site: Site): Promise<Load> {
  const { session, migration, deadlineMs, emit } = site
  const deadline = performance.now() + deadlineMs
  await session.execute(clientCheckSql(session))
  const [plan] = await parseMigrations([migration], dialectOf(session))
  if (plan === undefined) return NOTHING
  const touched = findAffectedTables(plan, site.proof, {
    shape: await readShape(session),
    defaultSchema: session.server.schema,
  })
  if (touched.tables.length === 0) return NOTHING
  emit({ kind: 'phase', phase: 'generate rows', detail: migration.name })
  const filled = await fillTouched(site, touched, performance.now() + deadlineMs / 2)
  await createHistoryTables(session)
  emit({ kind: 'phase', phase: 'run under load', detail: migration.name })
  const load = await withWorkload(
    site.address,
    { tables: filled.filter(({ rows }) => rows > 0), avoid: migration.sql },
    (workload) => runDuringWorkload(workload, { ...site, plan, deadline }),
  )
  return {
    ...load,
    tables: filled.map(({ table, rows, wanted }) => ({
      table: table.id,
      rows,
      wanted,
      from: site.rowCountOf(table).from,
    })),
    leftOut: touched.tables.slice(MOST_TABLES).map(({ id }) => id),
  }
}

const NOTHING: Load = {
  tables: [],
  leftOut: [],
  waits: [],
  window: { from: 0, to: 0 },
  spans: [],
  status: 'not-run',
  attempts: 0,
  lockWaitMs: 0,
}

async function fillTouched(
  { session, rowCountOf }: Site,
  { tables, shape, uniqueColumns }: AffectedTables,
  until: number,
): Promise<ScaledTable[]> {
  const wanted = tables
    .slice(0, MOST_TABLES)
    .map((table) => [table.id, rowCountOf(table).rows] as const)
  return await fillToScale(session, {
    tables: shape,
    wanted: new Map(wanted),
    distinct: uniqueColumns,
    until,
  })
}

/** Runs the workload alone for a while, then during the migration. */
async function runDuringWorkload(
  workload: Workload,
  site: Site & { readonly plan: Migration; readonly deadline: number },
): Promise<Omit<Load, 'tables' | 'leftOut'>> {
  const { session, plan, address, limits, deadline, signal } = site
  await pause(BASELINE_MS, signal)
  // Each migration starts while the long reader holds its locks.
  await workload.untilLongRead()
  const { observer, spans } = observeTimes(workload.now)
  const keeping = await prepareKeeping(session, [plan], { wanted: true })
  const execution = {
    migration: plan,
    journal: deployJournal(session, plan.name, plan.checksum),
    ...keepHooksFor(keeping, plan),
    observer,
  }
  const from = workload.now()
  const ran = await runMigrations(
    { session, address, limits, deadline, signal, emit: () => {} },
    [execution],
    [],
  )
  const window = { from, to: workload.now() }
  // Queries that are still waiting can complete, and are counted.
  await pause(SETTLE_MS, signal)
  const { status, attempts, lockWaitMs } = must(ran.receipts[0], 'a receipt of the migration')
  return {
    waits: waitsOf(workload.samples, spans, window),
    window,
    spans,
    status,
    attempts,
    lockWaitMs,
    ...(ran.failure ? { failure: ran.failure } : {}),
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted())
}
