import type { Session } from '../../database/index.ts'
import { draftSqliteDownMigration, sqliteLossesOf } from '../../down/index.ts'
import { attempt, type Failure } from '../../kernel/index.ts'
import {
  type Change,
  differingObjects,
  readSqliteState,
  type SqliteState,
  type TableChange,
  tableChanges,
} from '../../schema/index.ts'
import {
  type Filling,
  fillSqliteTables,
  raiseSqliteRefusal,
  readSqliteShapes,
  replay,
  type RowStyle,
  type SqliteShape,
} from '../../shadow/index.ts'
import {
  type ComparedValues,
  type Destruction,
  type Migration,
  type MigrationFile,
  sqliteComparedValues,
  type Statement,
} from '../../statements/index.ts'
import { compareDumps, type DumpDifference } from './compare-dumps.ts'
import { readDump } from './dump.ts'
import { runSqliteTraced, type SqliteTrace } from './trace.ts'

/** A statement that failed on rows, and SQLite's error. */
export interface RowRefusal {
  /** Absent if the end of the transaction was refused. */
  readonly statement?: Statement
  readonly said: string
}

/** How a test run begins, and the results of earlier runs on other shadow databases. */
export interface SqliteStart {
  readonly style: RowStyle
  readonly failsOnRows?: RowRefusal
  /** Tables that get no rows, and the statement that fails if they have some. */
  readonly unfilledTables: readonly {
    readonly tables: readonly string[]
    readonly stop: RowRefusal
  }[]
  readonly downFails?: Failure
}

/** The start of the first run. */
export const FIRST_START: SqliteStart = { style: 'edge', unfilledTables: [] }

/** The result of a test run: a migration up, down and up again, on rows. */
export interface SqliteTestRun {
  readonly start: SqliteStart
  readonly filling: Filling
  /** The tables before the migration. */
  readonly shapes: readonly SqliteShape[]
  readonly before: SqliteState
  readonly after: SqliteState
  readonly changes: readonly TableChange[]
  readonly trace: SqliteTrace
  readonly down: MigrationFile
  readonly downMs: number
  /** The down migration failed; `onEmpty`: it runs if there are no rows. */
  readonly downFails?: { readonly failure: Failure; readonly onEmpty: boolean }
  /** The data that the statements destroy according to their text. */
  readonly losses: readonly Destruction[]
  readonly notRestored: readonly Change[]
  /** The migration's changes to the existing rows. */
  readonly touched: DumpDifference
  /** How the rows differ after the down migration. */
  readonly rows: DumpDifference
  readonly notRepeated: readonly Change[]
  readonly againFails?: Failure
}

/**
 * The outcome. If the migration fails on rows, or the down migration fails, the test run starts over on
 * another shadow database.
 */
export type SqliteOutcome =
  | { readonly kind: 'tested'; readonly testRun: SqliteTestRun }
  | { readonly kind: 'start-over'; readonly from: SqliteStart }

interface TestRunOptions {
  readonly migration: Migration
  /** Written from the states before and after if absent. */
  readonly down?: MigrationFile | undefined
}

const NOTHING: DumpDifference = { lost: [], grown: [] }

/**
 * Runs a migration up, down and up again on a shadow database with the history before it, on generated rows,
 * and compares schemas and all rows. Fails with SHADOW.REPLAY_FAILED if it does not even run on empty tables.
 */
export async function runSqliteUpDownUp(
  session: Session,
  { migration, down: given }: TestRunOptions,
  start: SqliteStart,
): Promise<SqliteOutcome> {
  const before = await readSqliteState(session)
  const shapes = await readSqliteShapes(session, before)
  const filling = await fillSqliteTables(session, {
    style: start.style,
    compared: comparedBy(migration, given),
    without: start.unfilledTables.flatMap(({ tables }) => tables),
  })
  const rows = await readDump(session)
  const { trace, refusal } = await runSqliteTraced(session, migration)
  if (refusal) {
    const said = refusal.failure.sqlite?.message ?? refusal.failure.message
    const stop = { said, ...(refusal.statement ? { statement: refusal.statement } : {}) }
    const from = nextStart(start, stop, shapes)
    return from ? { kind: 'start-over', from } : raiseSqliteRefusal(migration, refusal)
  }
  const after = await readSqliteState(session)
  const touched = compareDumps(rows, await readDump(session))
  const changes = tableChanges(before.tables, after.tables, migration.statements)
  const losses = sqliteLossesOf({ before, changes, statements: migration.statements })
  const down = given ?? {
    name: `${migration.name}/down.sql`,
    sql: (await draftSqliteDownMigration(session, { before, migration })).body,
  }
  const began = performance.now()
  const back = await attempt(() => replay(session, [down]))
  const downMs = Math.round(performance.now() - began)
  const up = {
    start,
    filling,
    shapes,
    before,
    after,
    changes,
    trace,
    down,
    downMs,
    losses,
    touched,
  }
  const nothing = { notRestored: [], rows: NOTHING, notRepeated: [] }
  if (!back.ok) {
    const failure = start.downFails ?? back.failure
    if (start.style !== 'none' && start.downFails === undefined)
      return { kind: 'start-over', from: { ...start, style: 'none', downFails: failure } }
    return {
      kind: 'tested',
      testRun: { ...up, ...nothing, downFails: { failure, onEmpty: false } },
    }
  }
  const restored = await readSqliteState(session)
  const notRestored = differingObjects(before.fingerprint, restored.fingerprint)
  const found = compareDumps(rows, await readDump(session))
  const again = await attempt(() => replay(session, [migration]))
  const notRepeated = again.ok
    ? differingObjects(after.fingerprint, (await readSqliteState(session)).fingerprint)
    : []
  return {
    kind: 'tested',
    testRun: {
      ...up,
      notRestored,
      rows: found,
      notRepeated,
      ...(start.downFails ? { downFails: { failure: start.downFails, onEmpty: true } } : {}),
      ...(again.ok ? {} : { againFails: again.failure }),
    },
  }
}

/** The values with which a migration and its down migration compare columns. */
function comparedBy({ sql }: Migration, down?: MigrationFile): ComparedValues[] {
  return [sql, ...(down ? [down.sql] : [])].flatMap(sqliteComparedValues)
}

/** The styles of generated rows, in the order in which they are tried. */
const STYLES: readonly RowStyle[] = ['edge', 'sparse', 'plain', 'json', 'none']

/**
 * How to continue: with simpler rows, then without rows in the statement's tables, then without any rows;
 * undefined if everything was tried.
 */
function nextStart(
  start: SqliteStart,
  stop: RowRefusal,
  shapes: readonly SqliteShape[],
): SqliteStart | undefined {
  const style = STYLES[STYLES.indexOf(start.style) + 1]
  if (style === undefined) return undefined
  const from = { ...start, failsOnRows: start.failsOnRows ?? stop }
  if (style !== 'none') return { ...from, style }
  const held = new Set(start.unfilledTables.flatMap(({ tables }) => tables))
  const tables = namedTables(stop.statement, shapes).filter((name) => !held.has(name))
  if (tables.length === 0) return { ...from, style }
  return { ...from, style: 'plain', unfilledTables: [...start.unfilledTables, { tables, stop }] }
}

/** The tables that a statement changes, and those that it copies from. */
function namedTables(statement: Statement | undefined, shapes: readonly SqliteShape[]): string[] {
  const names = (statement?.actions ?? []).flatMap((action) => [
    ...('table' in action && action.table !== undefined ? [action.table.name] : []),
    ...(action.kind === 'insert' && action.copies ? [action.copies.from.name] : []),
  ])
  return shapes
    .filter(({ name }) => names.some((one) => one.toLowerCase() === name.toLowerCase()))
    .map(({ name }) => name)
}
