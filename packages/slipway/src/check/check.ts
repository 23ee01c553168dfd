import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Facts, type Hazard, judge, type JudgeInput, type Rule } from '../hazards/index.ts'
import { attempt, type Emit, type Failure, type Result, rethrow } from '../kernel/index.ts'
import { projectScope } from '../plan/index.ts'
import type { MigrationFolder } from '../project/index.ts'
import { type OnShadow, type Proof, prove as proveMigration } from '../proof/index.ts'
import { catalogReader } from '../schema/index.ts'
import { type ShadowOptions, withShadowDatabase, withShadowServer } from '../shadow/index.ts'
import { type MigrationFile, parserFor, type Statement } from '../statements/index.ts'
import type { Load, LoadConditions } from './load/load.ts'
import type { RowCountOptions } from './load/row-counts.ts'
import { selectMigrations } from './select-migrations.ts'
import { compareStored, type StoredComparison } from './stored-proof.ts'

/** The migrations to check, and how. */
export interface CheckRequest {
  /** All migrations of the project, with their down migrations. */
  readonly migrations: readonly MigrationFolder[]
  /** The migrations to check; the last one if none is named. */
  readonly names: readonly string[]
  readonly shadow: ShadowOptions
  /** The facts of the target; `check` does not connect to it. */
  readonly facts: Facts
  /** The project's own rules. */
  readonly rules: readonly Rule[]
  /** Only find hazards, without running anything. */
  readonly withoutTestRun: boolean
  /** Also run each migration during a workload. */
  readonly load?: RowCountOptions & Pick<LoadConditions, 'limits' | 'deadlineMs' | 'signal'>
  readonly emit: Emit
}

/** The result for one migration. */
export interface CheckedMigration extends StoredComparison {
  readonly name: string
  readonly path: string
  /** Absent if it was not tested: `refusal` says why, or no test was requested. */
  readonly proof?: Proof
  readonly refusal?: Failure
  /** What its statements lock, rewrite, lose or break, from their text, the history and the test run. */
  readonly hazards: readonly Hazard[]
  /** The waits of queries during it, if requested; `loadRefusal` says why they could not be measured. */
  readonly load?: Load
  readonly loadRefusal?: Failure
}

/**
 * Finds the hazards of migrations, and tests them one by one, each on a shadow database with the earlier
 * history. Touches no target. Fails with CHECK.UNKNOWN_MIGRATION; if a load test is requested, with
 * CHECK.LOAD_NOT_SUPPORTED on SQLite and CHECK.LOAD_NEEDS_SERVER on an embedded shadow database. The result of a migration that fails has
 * its `refusal`.
 */
export async function checkMigrations(request: CheckRequest): Promise<CheckedMigration[]> {
  const { migrations, emit } = request
  const chosen = selectMigrations(request)
  // The history is parsed while the first shadow database is created.
  const reading = attempt(() => parseMigrations(chosen, request))
  if (request.withoutTestRun) {
    const hazards = findHazards(filesOf(await reading), request)
    return await Promise.all(
      chosen.map(async (one) => ({ ...hazardsOf(one, hazards), ...(await compareStored(one)) })),
    )
  }
  const testing = withShadowServer(request.shadow, async (shadow) => {
    const loadOne = await createLoadTest(request, shadow)
    const found: TestRunResult[] = []
    for (const one of chosen) {
      emit({ kind: 'phase', phase: 'test', detail: one.name })
      const before = migrations.slice(0, migrations.indexOf(one))
      const shown = await testMigration(one, before, { ...request, shadow })
      found.push(shown.proof ? { ...shown, ...(await loadOne(one, before, shown.proof)) } : shown)
    }
    return found
  })
  const [files, found] = await Promise.all([reading, testing])
  const proofs = found.flatMap(({ proof }) => proof ?? [])
  const observed = new Map(proofs.map((proof) => [proof.migration, proof]))
  const hazards = findHazards(filesOf(files), request, observed)
  return chosen.flatMap((one, index) => {
    const of = found[index]
    return of ? [{ ...hazardsOf(one, hazards), ...of }] : []
  })
}

/** Raises a failure of the parser, after the shadow database was dropped. */
function filesOf(reading: Result<ParsedFiles>): ParsedFiles {
  return reading.ok ? reading.value : rethrow(reading.failure)
}

type TestRunResult = Omit<CheckedMigration, 'name' | 'path' | 'hazards'>

type LoadOne = (
  migration: MigrationFolder,
  before: readonly MigrationFile[],
  proof: Proof,
) => Promise<Pick<CheckedMigration, 'load' | 'loadRefusal'>>

/** Returns the function that runs a load test. Imported only then, because it imports all of a deploy. */
async function createLoadTest(
  { load, emit }: CheckRequest,
  shadow: ShadowOptions,
): Promise<LoadOne> {
  if (load === undefined) return async () => ({})
  const { loadMigration, requireServer } = await import('./load/load.ts')
  const { readRowCounts } = await import('./load/row-counts.ts')
  requireServer(shadow)
  const conditions = { ...load, emit, rowCountOf: await readRowCounts(load, emit) }
  return async (migration, before, proof) => {
    const ran = await attempt(() =>
      loadMigration(migration, before, { ...conditions, shadow, proof }),
    )
    return ran.ok ? { load: ran.value } : { loadRefusal: ran.failure }
  }
}

function hazardsOf({ name, path }: MigrationFolder, hazards: readonly Hazard[]) {
  return { name, path, hazards: hazards.filter(({ migration }) => migration === name) }
}

/** Parsed in about 10 ms, so that commands that create the shadow database do not wait longer. */
const CHARACTERS_A_TURN = 10_000

/** The migrations before the first chosen one, and those from the first to the last chosen one. */
type ParsedFiles = Pick<JudgeInput, 'history' | 'migrations'>

/** Parses the chosen migrations and all earlier ones, once and in order. */
async function parseMigrations(
  chosen: readonly MigrationFolder[],
  { migrations, shadow }: CheckRequest,
): Promise<ParsedFiles> {
  const { pieces } = await parserFor(shadow.dialect)
  const places = chosen.map((one) => migrations.indexOf(one))
  const [from, to] = [Math.min(...places), Math.max(...places) + 1]
  const files = []
  let characters = 0
  for (const { name, path, sql } of migrations.slice(0, to)) {
    const statements: Statement[] = []
    for (const piece of pieces(sql, path)) {
      statements.push(...piece)
      characters += piece.reduce((sum, { text }) => sum + text.length, 0)
      if (characters < CHARACTERS_A_TURN) continue
      characters = 0
      await nextTurn()
    }
    files.push({ name, path, sql, statements })
  }
  return { history: files.slice(0, from), migrations: files.slice(from) }
}

/** The hazards of the chosen migrations, from their text and from the test runs. */
function findHazards(
  files: ParsedFiles,
  { facts, rules }: CheckRequest,
  observed?: JudgeInput['observed'],
): Hazard[] {
  return judge({ ...files, facts, rules, ...(observed ? { observed } : {}) })
}

async function testMigration(
  migration: MigrationFolder,
  before: readonly MigrationFile[],
  request: CheckRequest,
): Promise<TestRunResult> {
  const proven = await attempt(() => prove(migration, before, request))
  if (!proven.ok) return { refusal: proven.failure, ...(await compareStored(migration)) }
  return { proof: proven.value, ...(await compareStored(migration, proven.value)) }
}

async function prove(
  migration: MigrationFolder,
  before: readonly MigrationFile[],
  { shadow, migrations }: CheckRequest,
): Promise<Proof> {
  const { name, downPath, down: sql } = migration
  const down =
    sql === undefined
      ? undefined
      : { name: `${name}/down.sql`, sql, ...(downPath ? { path: downPath } : {}) }
  const upcoming = down ? [migration, down] : [migration]
  const onShadow: OnShadow = (work) => withShadowDatabase(shadow, before, work, upcoming)
  return await proveMigration(shadow.dialect, onShadow, {
    migration,
    down,
    catalogs: async (session) => catalogReader(session, await projectScope(session, migrations)),
  })
}
