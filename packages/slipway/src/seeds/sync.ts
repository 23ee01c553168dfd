import { quoteIdentifier, type Session } from '../database/index.ts'
import { prepareLedger } from '../history/index.ts'
import { advice, type Emit, formatRows } from '../kernel/index.ts'
import { isSameObject } from '../statements/index.ts'
import { raise } from './failures.ts'
import { orderTables, type OrderedTable } from './order.ts'
import { checkConstraints } from './postgres/deferred-constraints.ts'
import { fillDeferredColumns, merge } from './postgres/merge.ts'
import { withCascades } from './postgres/removal.ts'
import { readPostgresRows } from './postgres/source-rows.ts'
import { stage } from './postgres/stage.ts'
import {
  extraRows,
  isExtra,
  readDiff,
  recordChanges,
  recordUpdates,
  type TableDiff,
} from './postgres/sync-diff.ts'
import { type Resolved, resolve } from './resolve.ts'
import { sameKey } from './resolved-columns.ts'
import { inTransaction } from './run.ts'
import type { OwnerMode, SeedSet, SeedSetTable } from './set.ts'
import type { Side, SyncPlan, SyncTable } from './sync-plan.ts'
import type { TargetTable } from './target-tables.ts'

export interface SyncRequest {
  readonly plan: SyncPlan
  /** Whether to delete the rows that only the target has. */
  readonly deletes: boolean
  /** Whether to report the changes and roll them back. */
  readonly dryRun: boolean
  /** The file to which failures of a table refer. */
  readonly file: string
  /** Sets that own the copied rows of a table, because the same rows are exported to their files. */
  readonly owners?: ReadonlyMap<SyncTable, SeedSet>
  /** Called with the changes before they are committed; if it throws, they are rolled back. */
  readonly beforeCommit?: (diffs: readonly TableDiff[]) => Promise<void>
  readonly emit: Emit
}

/**
 * Makes the rows of the planned tables on the target equal to those of the source, in one transaction. The
 * source must be in `withSnapshot`; the target's lock must be held. Fails as `runSeeds` does, and with
 * SEEDS.ROWS_REFERRED.
 */
export async function syncTables(
  source: Side,
  { session }: Side,
  request: SyncRequest,
): Promise<readonly TableDiff[]> {
  let diffs: readonly TableDiff[] = []
  await inTransaction(session, request.dryRun ? 'ROLLBACK' : 'COMMIT', async () => {
    const merged = await mergeAll(source, session, request)
    await fillAll(session, merged)
    diffs = await removeAll(session, merged, request)
    const [first] = merged
    if (first) await checkConstraints(session, first.resolved.set, request)
    await request.beforeCommit?.(diffs)
  })
  return diffs
}

interface Merged {
  readonly resolved: Resolved
  readonly turn: OrderedTable
  readonly of: SyncTable
}

async function mergeAll(source: Side, session: Session, request: SyncRequest): Promise<Merged[]> {
  const { plan, file, owners, emit } = request
  if (owners && owners.size > 0) await prepareLedger(session)
  const placed = plan.named.map((of) => ({
    table: seedTable(source.session, of, owners?.has(of) ? 'own' : 'upsert'),
    target: of.table,
  }))
  const rows = seedSet(
    source.name,
    file,
    placed.map(({ table }) => table),
  )
  const merged: Merged[] = []
  for (const [at, turn] of orderTables(placed).entries()) {
    const of = plannedOf(plan, turn.target)
    emit({ kind: 'phase', phase: 'sync', detail: of.name })
    const set = { ...rows, name: owners?.get(of)?.name ?? rows.name }
    const options = { set, table: turn.table, target: turn.target, tables: plan.tables, at, emit }
    const resolved = await resolve(session, await stage(session, options), turn.deferredColumns)
    await recordChanges(session, resolved)
    await merge(session, resolved, request)
    merged.push({ resolved, turn, of })
  }
  return merged
}

function plannedOf({ named }: SyncPlan, target: TargetTable): SyncTable {
  const found = named.find(({ table }) => table === target)
  if (found) return found
  throw new TypeError('a table came up that was not planned')
}

/**
 * Presents the rows of the source as a table of a seed set, so that they are staged and merged like seeds.
 */
function seedTable(
  session: Session,
  { name, key, selection, keys }: SyncTable,
  mode: OwnerMode,
): SeedSetTable {
  const rows = () => readPostgresRows(session, selection, keys)
  return { name, key, mode, sensitive: [], rows, form: 'texts' }
}

function seedSet(name: string, file: string, tables: readonly SeedSetTable[]): SeedSet {
  return { name, file, version: 1, environments: [], dependsOn: [], checksum: '', tables }
}

/** Fills columns that refer to later rows, after all rows are inserted. */
async function fillAll(session: Session, merged: readonly Merged[]): Promise<void> {
  for (const { resolved, turn } of merged) {
    if (resolved.later.length === 0) continue
    const again = await resolve(session, resolved, new Set())
    const deferred = again.columns.filter(({ name }) => turn.deferredColumns.has(name))
    await recordUpdates(session, again, deferred)
    await fillDeferredColumns(session, again, deferred)
  }
}

/** Reports and, if requested, deletes rows that only the target has: child tables first, in reverse order. */
async function removeAll(
  session: Session,
  merged: readonly Merged[],
  { plan, deletes }: SyncRequest,
): Promise<TableDiff[]> {
  const diffs: TableDiff[] = []
  for (const { resolved, of } of merged.toReversed()) {
    const extra = await extraRows(session, resolved, { tables: plan.tables, of })
    if (deletes && extra.count > 0) {
      await refuseReferred(session, resolved, plan)
      const own = [resolved.target]
      await withCascades(
        session,
        { set: resolved.set, tables: plan.tables, own, allowed: [] },
        async () => {
          const sql = `DELETE FROM ${resolved.target.id} t WHERE ${isExtra(resolved)}`
          return [(await session.queryRaw(sql)).affected]
        },
      )
    }
    diffs.unshift(await readDiff(session, resolved, { ...extra, gone: deletes }))
  }
  return diffs
}

/**
 * Refuses deletes with referencing rows: a cascade would destroy unnamed rows, a restriction would fail
 * without details.
 */
async function refuseReferred(session: Session, resolved: Resolved, plan: SyncPlan): Promise<void> {
  const { target } = resolved
  for (const child of plan.tables.byKey.values()) {
    for (const { columns, table, referenced } of child.foreignKeys) {
      if (!isSameObject(table, target)) continue
      const same = columns.map(
        (column, at) => `c.${quoteIdentifier(column)} = t.${quoteIdentifier(referenced[at] ?? '')}`,
      )
      // A row of the same table may refer to a deleted row if it is deleted too.
      const stays =
        child === target
          ? ` AND EXISTS (SELECT FROM ${resolved.source} WHERE ${sameKey(resolved, 'c')})`
          : ''
      const [row] = await session.query<{ count: string }>(
        `SELECT count(*) AS count FROM ${child.id} c WHERE EXISTS
           (SELECT FROM ${target.id} t WHERE ${same.join(' AND ')} AND ${isExtra(resolved)})${stays}`,
      )
      const count = Number(row?.count ?? 0)
      if (count > 0) refuseDelete(target, child, count)
    }
  }
}

function refuseDelete(target: TargetTable, child: TargetTable, count: number): never {
  return raise('SEEDS.ROWS_REFERRED', {
    message: `${formatRows(count)} of ${child.name} ${count === 1 ? 'refers' : 'refer'} to rows of ${target.name} that only the target has.`,
    why: 'Deleting those would break the references, or delete these rows too.',
    nextActions: [
      advice(`Nothing was written. Name ${child.name} in --tables too, or omit --delete.`),
    ],
  })
}
