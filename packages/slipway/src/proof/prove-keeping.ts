import { dialectOf, type Session } from '../database/index.ts'
import type { Grade } from '../down/index.ts'
import { type Hooks, type Keeper, runOnShadow } from '../execution/index.ts'
import { prepareLedger } from '../history/index.ts'
import { attempt, rethrow } from '../kernel/index.ts'
import {
  aroundHooks,
  prepareKeepingFunctions,
  keepHooksOf,
  readAllKept,
  attributeHooksOf,
  restoreHooksOf,
} from '../safekeeping/index.ts'
import { emptyTables, type Filling, fillTables, readShape, replay } from '../shadow/index.ts'
import {
  type Destruction,
  destructionKey,
  distinctDestructions,
  isSameObject,
  objectKey,
  objectName,
  type ObjectName,
  type ObjectRef,
  ownerOf,
  type Statement,
  type MigrationFile,
  type Migration,
  parseMigration,
  parserFor,
  tableRef,
} from '../statements/index.ts'
import { necessarilyEmptyTables } from './always-empty.ts'
import {
  advanceSequences,
  lostPositions,
  passedPositions,
  type Positions,
  readPositions,
  repeatedNumbers,
} from './postgres/positions.ts'
import { compareRows, readRowSums, type RowSums } from './postgres/row-sums.ts'
import { comparedBy, type EmptyTables, withRows } from './test-run.ts'

/** What a test run with safekeeping showed about a lossy migration. */
export interface KeepingProof {
  readonly grade: Extract<Grade, 'lossless (kept)' | 'lossy' | 'not proven'>
  /** Data that is lost even so. */
  readonly lost: readonly Destruction[]
  /**
   * Data whose restore was not seen: its table had no rows, none was touched, or the down migration failed on
   * them.
   */
  readonly unseen: readonly Destruction[]
  /** Data that cannot exist: the migration runs only if its table is empty. */
  readonly vacant: readonly Destruction[]
  /** Sentences: what is not kept, and why; the server's error if the run with safekeeping failed. */
  readonly notKept: readonly string[]
  /** Sentences: why rows written since the deploy may prevent the restore that worked here. */
  readonly hindrances?: readonly string[]
  /** Whether it ran up and down on rows, whatever was restored. */
  readonly runs: boolean
  /** Sequences that continue after the numbers that the migration took; absent if there are none. */
  readonly passed?: readonly ObjectRef[]
}

export interface KeepingRun {
  readonly migration: Migration
  readonly down: MigrationFile
  readonly filling: Filling
  /** Tables that get no rows. */
  readonly unfilledTables: readonly EmptyTables[]
  /** Data that the down migration alone cannot restore. */
  readonly lost: readonly Destruction[]
  /** Why the run on rows does not show all that the migration does to data. */
  readonly gaps: readonly string[]
  /** The tables whose rows count; all if absent. */
  readonly touched?: readonly ObjectName[] | undefined
}

/**
 * Runs a migration and its down migration once more, as `deploy` and `rollback` do: they keep what is
 * destroyed, and restore it. On entry the migration is applied on `session`; on return it is not.
 */
export async function proveKeeping(session: Session, testRun: KeepingRun): Promise<KeepingProof> {
  const { migration, lost } = testRun
  const { statements, groups } = migration
  const options = {
    history: session.server.schema,
    ledger: session.ledger,
    migration: migration.name,
  }
  const { notKept, keeper, ...own } = keepHooksOf(statements, options)
  const hooks = aroundHooks(attributeHooksOf(groups, options), own.hooks)
  const shown = await attempt(() => upAndDown(session, testRun, { hooks, keeper }))
  if (!shown.ok) {
    const { message, server } = shown.failure
    const why = [...notKept, server?.message ?? message]
    return { grade: 'lossy', lost: [], unseen: lost, vacant: [], notKept: why, runs: false }
  }
  const { sums, positions, empty, kept, refused, passed } = shown.value
  const left = namedAs(lost, shown.value.left)
  const known = new Set(left.map(destructionKey))
  const blind = changedUnseen(statements, session.server.schema).filter(
    (table) => !kept.some((one) => isSameObject(one, table)),
  )
  const isSeen = (loss: Destruction) =>
    positions.has(objectKey(loss.object)) ||
    (isShown(loss, sums) && !blind.some((table) => isOf(loss, table)))
  const unknown = lost.filter((loss) => !known.has(destructionKey(loss)) && !isSeen(loss))
  const vacant = unknown.filter((loss) => empty.some((table) => isOf(loss, table)))
  const unseen = unknown.filter((loss) => !vacant.includes(loss))
  const isLossy = [left, notKept, refused].some(({ length }) => length > 0)
  const hindrances = shown.value.repeated.map(hindranceOf)
  const isUnseen = [unseen, testRun.gaps, hindrances].some(({ length }) => length > 0)
  return {
    grade: isLossy ? 'lossy' : isUnseen ? 'not proven' : 'lossless (kept)',
    lost: left,
    unseen,
    vacant,
    notKept: [...notKept, ...refused],
    ...(hindrances.length > 0 ? { hindrances } : {}),
    runs: true,
    ...(passed.length > 0 ? { passed } : {}),
  }
}

function hindranceOf(sequence: ObjectRef): string {
  return `Sequence ${objectName(sequence)} reuses numbers of removed rows: a removed row is not restored if a newer row has its key.`
}

/** Tables that WITH queries change: they may not have touched any of the generated rows. */
function changedUnseen(statements: readonly Statement[], defaultSchema: string): ObjectRef[] {
  return statements.flatMap(({ actions }) =>
    actions.flatMap((action) => {
      const changes = action.kind === 'delete' || action.kind === 'update'
      if (!changes || action.touches !== undefined) return []
      return [tableRef({ defaultSchema }, action.table)]
    }),
  )
}

/** Reports the lost rows of a dropped table as the loss of that table. */
function namedAs(
  lost: readonly Destruction[],
  left: readonly Destruction[],
): readonly Destruction[] {
  const dropped = new Map(
    lost.flatMap((loss) => (loss.what === 'object' ? [[objectKey(loss.object), loss]] : [])),
  )
  const named = left.map((one) =>
    one.what === 'rows' ? (dropped.get(objectKey(one.object)) ?? one) : one,
  )
  return distinctDestructions(named)
}

interface Shown {
  readonly sums: RowSums
  readonly positions: Positions
  /** Tables that are empty on every target where the migration runs. */
  readonly empty: readonly ObjectRef[]
  /** Data that differs after the down migration. */
  readonly left: readonly Destruction[]
  /** Sequences that would reuse numbers of removed rows after the migration. */
  readonly repeated: readonly ObjectRef[]
  /** Tables with kept data. */
  readonly kept: readonly ObjectRef[]
  /** Why the server could not keep something. */
  readonly refused: readonly string[]
  /** Sequences that are ahead of their previous position afterwards. */
  readonly passed: readonly ObjectRef[]
}

async function upAndDown(
  session: Session,
  { migration, down, filling, unfilledTables, touched }: KeepingRun,
  keeping: { readonly hooks: Hooks; readonly keeper: Keeper },
): Promise<Shown> {
  // Rows that the migration wrote, or on which the down migration fails, are not the subject of this run.
  await emptyTables(session, await readShape(session, touched))
  await replay(session, [down])
  const tables = await readShape(session, touched)
  await fillTables(session, withRows(tables, unfilledTables), filling.style, comparedBy(migration))
  await advanceSequences(session)
  const [sums, positions] = [await readRowSums(session, tables), await readPositions(session)]
  await prepareLedger(session)
  await prepareKeepingFunctions(session)
  await runWith(session, migration, keeping)
  const kept = await readAllKept(session)
  const removed = kept.filter(
    ({ kind, inserted, columns }) => kind === 'rows' && !inserted && columns.length === 0,
  )
  const repeated = repeatedNumbers(
    positions,
    await readPositions(session),
    removed.map(({ table }) => table),
  )
  const back = parseMigration(down, await parserFor(dialectOf(session)))
  const restoring = restoreHooksOf(back.statements, {
    migration: migration.name,
    schema: session.server.schema,
    ledger: session.ledger,
    kept,
  })
  await runWith(session, back, restoring)
  const { lost, grown } = await compareRows(session, sums, await readShape(session, touched))
  const reached = await readPositions(session)
  const numbers = lostPositions(positions, reached)
  return {
    sums,
    positions,
    empty: necessarilyEmptyTables(unfilledTables, tables).map(({ ref }) => ref),
    repeated,
    left: [...lost, ...grown.map((object) => ({ what: 'rows' as const, object })), ...numbers],
    kept: kept.map(({ table }) => table),
    refused: kept.flatMap(({ why }) => why ?? []),
    passed: passedPositions(positions, reached),
  }
}

/** Runs a migration as a deploy would, with its hooks. */
async function runWith(
  session: Session,
  migration: Migration,
  how: { readonly hooks: Hooks; readonly keeper?: Keeper; readonly end?: string },
): Promise<void> {
  const refusal = await runOnShadow(session, { migration, ...how })
  if (refusal) rethrow(refusal.failure, refusal.error)
}

/** The test run shows a restore only for tables that had rows. */
function isShown(loss: Destruction, sums: RowSums): boolean {
  return Object.values(sums).some(({ table, rows }) => rows > 0 && isOf(loss, table))
}

/** Whether lost data is a table or part of it. */
function isOf({ object }: Destruction, table: ObjectRef): boolean {
  return isSameObject(ownerOf(object), table)
}
