import { type Address, dialectOf, type Session } from '../database/index.ts'
import type { KnownState } from '../down/index.ts'
import { attempt, type Failure } from '../kernel/index.ts'
import {
  type Catalog,
  type CatalogReader,
  type Change,
  difference,
  replacedObjects,
} from '../schema/index.ts'
import { raiseRefusal, replay } from '../shadow/index.ts'
import { emptyTables, type Filling, type RowStyle, fillTables } from '../shadow/index.ts'
import { readShape, type ShapeTable } from '../shadow/index.ts'
import {
  type ComparedValues,
  comparedValues,
  objectKey,
  type ObjectName,
  type Statement,
  type MigrationFile,
  type Migration,
  parseMigrations,
  type TableRef,
  tableRef,
} from '../statements/index.ts'
import {
  compareRows,
  NO_CHANGE,
  readRowSums,
  type RowChange,
  type RowSums,
} from './postgres/row-sums.ts'
import { refreshedViews, readStoredViews } from './postgres/stored-views.ts'
import { runTraced, type StoppedRun, type Trace } from './postgres/trace.ts'

/** The result of a test run: the migration up, down and up again, on rows. */
export interface TestRun {
  readonly filling: Filling
  /** The tables before the migration. */
  readonly tables: readonly ShapeTable[]
  readonly trace: Trace
  /** Where it stopped on generated rows; it then continued with simpler ones, or with none. */
  readonly failsOnRows?: StoppedRun
  /** Tables that had to be empty for statements to succeed. */
  readonly unfilledTables: readonly EmptyTables[]
  /** The state after the migration. */
  readonly after: KnownState
  /** The down migration that was run. */
  readonly down: MigrationFile
  readonly downMs: number
  /** The down migration failed; `onEmpty`: it runs once the tables are emptied. */
  readonly downFails?: { readonly failure: Failure; readonly onEmpty: boolean }
  /** Schema differences that the down migration did not restore. */
  readonly notRestored: readonly Change[]
  /** The migration's changes to the existing rows. */
  readonly touched: RowChange
  /** How the rows differ after the down migration. */
  readonly rows: RowChange
  /** Materialized views that the migration or the down migration refreshes or recreates. */
  readonly computedViews: readonly string[]
  /** Schema differences between the second run of the migration and the first. */
  readonly notRepeated: readonly Change[]
  readonly againFails?: Failure
}

export interface TestRunOptions {
  readonly before: KnownState
  readonly migration: Migration
  /**
   * The down migration, or a function that writes it on the shadow database where the migration has just run.
   */
  readonly down: MigrationFile | ((after: Catalog) => Promise<MigrationFile>)
  /**
   * The shadow database's address, for a second session; absent for the embedded database, which has only
   * one.
   */
  readonly address?: Address | undefined
  /** The tables whose rows count; all if absent. */
  readonly touched?: readonly ObjectName[] | undefined
  /** Reads the shadow database; `before` was read with it. */
  readonly catalogs: CatalogReader
}

/** How a test run begins: the rows to generate, and the results of earlier runs on other shadow databases. */
export interface Start {
  readonly style: RowStyle
  readonly failsOnRows?: StoppedRun
  /** Tables that get no rows, because a statement fails on any row. */
  readonly unfilledTables?: readonly EmptyTables[]
  readonly downFails?: Failure
  /** An earlier run changed objects that the statements do not name. */
  readonly beyond?: true
}

/** Tables without rows, and the statement that fails if they have some. */
export interface EmptyTables {
  readonly tables: readonly TableRef[]
  readonly stop: StoppedRun
}

/** The start of the first run. */
export const FIRST_START: Start = { style: 'edge' }

/**
 * The outcome. If a part of the refused migration was committed, the test run must start over on a new shadow
 * database.
 */
export type TestRunOutcome =
  | { readonly kind: 'tested'; readonly testRun: TestRun }
  | { readonly kind: 'start-over'; readonly from: Start }

/**
 * Runs a migration up, down and up again on a shadow database that holds the history before it, on generated
 * rows, and compares catalogs and rows. Fails with the server's error if the migration does not even run on
 * empty tables.
 */
export async function runUpDownUp(
  session: Session,
  options: TestRunOptions,
  start: Start = FIRST_START,
): Promise<TestRunOutcome> {
  const { before, migration, catalogs, touched: named } = options
  const views = await readStoredViews(session)
  const climbed = await runUpOnRows(session, options, start)
  if (climbed.kind === 'start-over') return climbed
  const { sums, ...climb } = climbed.climb
  const written = typeof options.down !== 'function'
  const after = {
    catalog: written ? await catalogs.facts() : await catalogs.whole(),
    identities: await catalogs.identities(),
  }
  const touched = climb.trace.effects.some(({ rows }) => rows !== undefined)
    ? await compareRows(session, sums, await readShape(session, named))
    : NO_CHANGE
  const down = typeof options.down === 'function' ? await options.down(after.catalog) : options.down
  const began = performance.now()
  const back = await runDown(session, down, { ...climb.filling, named })
  if (back && back.onEmpty === undefined) {
    return { kind: 'start-over', from: { ...start, style: 'none', downFails: back.failure } }
  }
  const downFails = back
    ? { failure: back.failure, onEmpty: back.onEmpty === true }
    : earlierFailure(start)
  const up = { ...climb, after, touched, down, downMs: Math.round(performance.now() - began) }
  const refused = downFails ? { downFails } : {}
  if (downFails && !downFails.onEmpty) {
    const nothing = { notRestored: [], rows: NO_CHANGE, computedViews: [], notRepeated: [] }
    return { kind: 'tested', testRun: { ...up, ...refused, ...nothing } }
  }
  const restored = await catalogs.facts()
  const notRestored = [
    ...difference(before.catalog, restored),
    ...(await replacedObjects(session, {
      before: before.identities,
      after: after.identities,
      restored: await catalogs.identities(),
    })),
  ]
  // If the tables had to be emptied, there are no rows to compare.
  const rows = downFails
    ? NO_CHANGE
    : await compareRows(
        session,
        sums,
        restored === before.catalog ? climb.tables : await readShape(session, named),
      )
  const computedViews = refreshedViews(views, await readStoredViews(session))
  const again = await attempt(() => replay(session, [migration]))
  const notRepeated = again.ok ? difference(after.catalog, await catalogs.facts()) : []
  const end = again.ok ? {} : { againFails: again.failure }
  const testRun = { ...up, ...refused, notRestored, rows, computedViews, notRepeated, ...end }
  return { kind: 'tested', testRun }
}

/**
 * The failure of a down migration that rows stopped on an earlier shadow database; on empty tables it ran.
 */
function earlierFailure({ downFails }: Start): TestRun['downFails'] {
  return downFails && { failure: downFails, onEmpty: true }
}

interface UpRun {
  readonly filling: Filling
  readonly sums: RowSums
  /** The tables before the migration. */
  readonly tables: readonly ShapeTable[]
  readonly trace: Trace
  readonly failsOnRows?: StoppedRun
  readonly unfilledTables: readonly EmptyTables[]
}

type UpOutcome =
  | { readonly kind: 'up'; readonly climb: UpRun }
  | Extract<TestRunOutcome, { kind: 'start-over' }>

/** The styles of generated rows, in the order in which they are tried. */
const ROW_STYLES: readonly RowStyle[] = ['edge', 'sparse', 'plain', 'json', 'none']

/**
 * Runs the migration on rows with extreme values; if that fails, on simpler rows, and finally on empty
 * tables.
 */
async function runUpOnRows(
  session: Session,
  options: Pick<TestRunOptions, 'migration' | 'address' | 'touched'>,
  start: Start,
): Promise<UpOutcome> {
  const { migration, address, touched } = options
  const { style, failsOnRows, unfilledTables = [] } = start
  const tables = await readShape(session, touched)
  const filled = withRows(tables, unfilledTables)
  const filling = await fillTables(session, filled, style, comparedBy(migration))
  const sums = style === 'none' ? {} : await readRowSums(session, tables)
  const { trace, stop, refusal } = await runTraced(session, migration, address)
  if (stop === undefined || refusal === undefined) {
    const climb = {
      filling,
      sums,
      tables,
      trace,
      unfilledTables: style === 'none' ? [] : unfilledTables,
    }
    return { kind: 'up', climb: failsOnRows ? { ...climb, failsOnRows } : climb }
  }
  const from = next(start, stop, { filled, defaultSchema: session.server.schema })
  // A migration that does not even run on empty tables fails like its replay.
  if (from === undefined) return raiseRefusal(migration, refusal)
  if (stop.committed) return { kind: 'start-over', from }
  await emptyTables(session, tables)
  await dropUnfinishedIndexes(session)
  return await runUpOnRows(session, options, from)
}

/** The values with which a migration compares columns. */
export function comparedBy({ statements }: Migration): ComparedValues[] {
  return statements.flatMap(({ text }) => comparedValues(text))
}

/**
 * How to continue after a stop: with simpler rows, then without rows in the statement's tables, then without
 * any rows.
 */
function next(
  start: Start,
  stop: StoppedRun,
  {
    filled,
    defaultSchema,
  }: { readonly filled: readonly ShapeTable[]; readonly defaultSchema: string },
): Start | undefined {
  const style = ROW_STYLES[ROW_STYLES.indexOf(start.style) + 1]
  if (style === undefined) return undefined
  const from = { ...start, failsOnRows: start.failsOnRows ?? stop }
  if (style !== 'none') return { ...from, style }
  const tables = namedTables(stop.statement, filled, defaultSchema)
  if (tables.length === 0) return { ...from, style }
  return {
    ...from,
    style: 'plain',
    unfilledTables: [...(start.unfilledTables ?? []), { tables, stop }],
  }
}

/** The tables that can be filled. */
export function withRows(
  tables: readonly ShapeTable[],
  unfilledTables: readonly EmptyTables[],
): ShapeTable[] {
  const empty = new Set(unfilledTables.flatMap((one) => one.tables.map(objectKey)))
  return tables.filter(({ ref }) => !empty.has(objectKey(ref)))
}

/** The filled tables that a statement changes. */
function namedTables(
  { actions }: Statement,
  filled: readonly ShapeTable[],
  defaultSchema: string,
): TableRef[] {
  const named = new Set(
    actions.flatMap((action) =>
      'table' in action && action.table !== undefined
        ? [objectKey(tableRef({ defaultSchema }, action.table))]
        : [],
    ),
  )
  return filled.map(({ ref }) => ref).filter((ref) => named.has(objectKey(ref)))
}

/**
 * A concurrent index build that rows stopped leaves an invalid index, which would make the next attempt fail.
 */
async function dropUnfinishedIndexes(session: Session): Promise<void> {
  const rows = await session.query<{ id: string }>(
    'SELECT indexrelid::regclass::text AS id FROM pg_index WHERE NOT indisvalid',
  )
  for (const { id } of rows) await session.execute(`DROP INDEX ${id}`)
}

interface DownFailure {
  readonly failure: Failure
  /** Absent if unknown, because a part of the down migration was committed. */
  readonly onEmpty?: boolean
}

/** Runs the down migration; if it fails on rows, it runs once more without rows. */
async function runDown(
  session: Session,
  down: MigrationFile,
  { style, named }: Pick<Filling, 'style'> & { named: TestRunOptions['touched'] },
): Promise<DownFailure | undefined> {
  const first = await attempt(() => replay(session, [down]))
  if (first.ok) return undefined
  const { failure } = first
  const [{ groups } = { groups: [] }] = await parseMigrations([down], dialectOf(session))
  if (groups.length > 1) return style === 'none' ? { failure, onEmpty: false } : { failure }
  await emptyTables(session, await readShape(session, named))
  const second = await attempt(() => replay(session, [down]))
  return { failure, onEmpty: second.ok }
}
