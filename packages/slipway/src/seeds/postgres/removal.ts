import { quoteIdentifier, quoteLiteral, type Session } from '../../database/index.ts'
import { advice, attempt, formatRows, rethrow } from '../../kernel/index.ts'
import { isSameObject } from '../../statements/index.ts'
import { cascadeTables } from '../cascade.ts'
import { raise } from '../failures.ts'
import { ofSetAndTable } from '../ledger.ts'
import { keyJson, type Resolved } from '../resolve.ts'
import { sameKey } from '../resolved-columns.ts'
import type { RowChange } from '../row-change.ts'
import { hasSecretKey } from '../sensitive.ts'
import type { SeedSet } from '../set.ts'
import type { CascadedRows } from '../table-counts.ts'
import { type TargetTable, type TargetTables } from '../target-tables.ts'

/** SQL that is true if the set inserted a row of the target earlier and no longer contains it. */
export function isToBeDeleted(session: Session, resolved: Resolved, alias = 't'): string {
  const { set, target, source } = resolved
  return `EXISTS (SELECT FROM ${session.ledger}.seed_row o WHERE ${ofSetAndTable(session, set, target)} AND o.key = ${keyJson(resolved, alias)})
    AND NOT EXISTS (SELECT FROM ${source} WHERE ${sameKey(resolved, alias)})`
}

/**
 * SQL that is true if the set no longer contains the row of an ownership record, `o`. Two keys can be equal
 * although their texts differ: citext, numbers with trailing zeros.
 */
function isGone(resolved: Resolved): string {
  const { target, source } = resolved
  const stored = keyJson(resolved, 'k')
  return `NOT EXISTS (SELECT FROM ${source} WHERE ${keyJson(resolved)} = o.key)
    AND NOT EXISTS (SELECT FROM ${target.id} k JOIN ${source} ON ${sameKey(resolved, 'k')} WHERE ${stored} = o.key)`
}

/** The first 50 rows that the set inserted earlier and no longer contains. */
export async function firstDeletedRows(session: Session, resolved: Resolved): Promise<RowChange[]> {
  const { table, target, set } = resolved
  if (hasSecretKey(resolved)) return []
  const pairs = table.key.map((field, at) => `${quoteLiteral(field)}, o.key ->> ${at}`).join(', ')
  return await session.query<RowChange>(
    `SELECT 'delete' AS kind, jsonb_build_object(${pairs}) AS key, '[]'::jsonb AS columns FROM ${session.ledger}.seed_row o
     WHERE ${ofSetAndTable(session, set, target)}
       AND ${isGone(resolved)} AND EXISTS (SELECT FROM ${target.id} t WHERE ${keyJson(resolved, 't')} = o.key) ORDER BY o.key LIMIT 50`,
  )
}

interface Removed {
  /** The number of deleted rows of each table, in the given order. */
  readonly deleted: readonly number[]
  readonly cascaded: readonly CascadedRows[]
}

/**
 * Deletes the rows that a set inserted earlier and no longer contains. One statement covers all tables,
 * because the rows may refer to each other. Fails with SEEDS.ROWS_REFERRED if other rows would be deleted
 * too, or prevent it.
 */
export async function removeOwned(session: Session, owned: readonly Resolved[]): Promise<Removed> {
  const parts = owned.map((resolved, at) => {
    const { set, target } = resolved
    return `gone_${at} AS (
       DELETE FROM ${session.ledger}.seed_row o WHERE ${ofSetAndTable(session, set, target)}
         AND ${isGone(resolved)}
       RETURNING o.key),
     deleted_${at} AS (
       DELETE FROM ${target.id} t USING gone_${at} g WHERE ${keyJson(resolved, 't')} = g.key RETURNING 1)`
  })
  const counts = owned.map((_, at) => `(SELECT count(*) FROM deleted_${at})`)
  const remove = async () => {
    const { rows } = await session.queryRaw(`WITH ${parts.join(',\n')} SELECT ${counts.join(', ')}`)
    return (rows[0] ?? []).map(Number)
  }
  const [first] = owned
  if (first === undefined || !(await hasRowsToDelete(session, owned))) return NOTHING
  const { set, tables } = first
  const allowed = cascadeTables(set, tables)
  const own = owned.map(({ target }) => target)
  return await withCascades(session, { set, tables, own, allowed }, async () => {
    await session.execute('SAVEPOINT slipway_removal')
    const done = await attempt(remove)
    if (done.ok) return done.value
    if (done.failure.server?.sqlstate !== '23503') return rethrow(done.failure)
    await session.execute('ROLLBACK TO SAVEPOINT slipway_removal')
    return await refuseReferencedRows(session, owned, done.failure.server.message)
  })
}

const NOTHING: Removed = { deleted: [], cascaded: [] }

async function hasRowsToDelete(session: Session, owned: readonly Resolved[]): Promise<boolean> {
  const parts = owned.map(
    (
      resolved,
    ) => `EXISTS (SELECT FROM ${session.ledger}.seed_row o WHERE ${ofSetAndTable(session, resolved.set, resolved.target)}
      AND ${isGone(resolved)})`,
  )
  const [found] = await session.query<{ some: boolean }>(`SELECT ${parts.join(' OR ')} AS some`)
  return found?.some ?? false
}

interface CascadeScope {
  readonly set: SeedSet
  readonly tables: TargetTables
  /** Tables from which rows are deleted. */
  readonly own: readonly TargetTable[]
  readonly allowed: readonly TargetTable[]
}

/**
 * Runs `remove`, which returns the number of rows that it deleted from each of the own tables. The
 * transaction's statistics show what else the server deleted or changed, directly or indirectly, by foreign
 * keys, triggers and rules.
 */
export async function withCascades(
  session: Session,
  scope: CascadeScope,
  remove: () => Promise<readonly number[]>,
): Promise<Removed> {
  await requireCounts(session, scope)
  const before = await readCounts(session)
  const deleted = await remove()
  await session.execute('SET CONSTRAINTS ALL IMMEDIATE')
  const cascaded = (await readCounts(session)).flatMap((after) => {
    const same = before.find((one) => one.schema === after.schema && one.name === after.name)
    const table = tableAt(scope.tables, after)
    const own = table === undefined ? -1 : scope.own.indexOf(table)
    const effect = {
      table: table && table.schema === null ? after.name : `${after.schema}.${after.name}`,
      deleted: after.deleted - (same?.deleted ?? 0) - (own < 0 ? 0 : (deleted[own] ?? 0)),
      updated: after.updated - (same?.updated ?? 0),
    }
    if (effect.deleted <= 0 && effect.updated <= 0) return []
    return [{ effect, isAllowed: table !== undefined && scope.allowed.includes(table) }]
  })
  const refused = cascaded.filter(({ isAllowed }) => !isAllowed).map(({ effect }) => effect)
  if (refused.length > 0) refuseCascade(scope, refused)
  return { deleted, cascaded: cascaded.map(({ effect }) => effect) }
}

function tableAt(
  { byKey, defaultSchema }: TargetTables,
  { schema, name }: Counted,
): TargetTable | undefined {
  return [...byKey.values()].find(
    (one) => one.name === name && (one.schema ?? defaultSchema) === schema,
  )
}

interface Counted {
  readonly schema: string
  readonly name: string
  readonly deleted: number
  readonly updated: number
}

/**
 * The rows that this transaction deleted and updated in each table; partitions count for their partitioned
 * table.
 */
async function readCounts(session: Session): Promise<readonly Counted[]> {
  const { rows } = await session.queryRaw(
    `SELECT n.nspname, c.relname, sum(x.deleted), sum(x.updated)
     FROM (SELECT CASE WHEN l.relispartition THEN pg_partition_root(l.oid)::oid ELSE l.oid END AS oid,
         pg_stat_get_xact_tuples_deleted(l.oid) AS deleted, pg_stat_get_xact_tuples_updated(l.oid) AS updated
       FROM pg_class l WHERE l.relkind = 'r' AND l.relpersistence <> 't') x
     JOIN pg_class c ON c.oid = x.oid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE x.deleted + x.updated > 0 AND n.nspname <> ${quoteLiteral(session.ledger)} GROUP BY 1, 2 ORDER BY 1, 2`,
  )
  return rows.map(([schema, name, deleted, updated]) => ({
    schema: schema ?? '',
    name: name ?? '',
    deleted: Number(deleted),
    updated: Number(updated),
  }))
}

async function requireCounts(session: Session, { set }: CascadeScope): Promise<void> {
  const { rows } = await session.queryRaw(
    `SELECT current_setting('track_counts'), current_setting('is_superuser')`,
  )
  const [counts, superuser] = rows[0] ?? []
  if (counts === 'on') return
  if (superuser === 'on') return await session.execute('SET LOCAL track_counts = on')
  raise('SEEDS.ROWS_REFERRED', {
    message: `${set.name} no longer contains rows, and Slipway cannot determine what else would be deleted.`,
    why: 'The server does not count rows: its setting track_counts is off.',
    nextActions: [advice('Nothing was written. Ask an administrator to set track_counts to on.')],
    where: { file: set.file },
  })
}

function refuseCascade({ set, own }: CascadeScope, refused: readonly CascadedRows[]): never {
  const effects = refused.flatMap(({ table, deleted, updated }) => [
    ...(deleted > 0 ? [`delete ${formatRows(deleted)} of ${table}`] : []),
    ...(updated > 0 ? [`change ${formatRows(updated)} of ${table}`] : []),
  ])
  const names = refused.map(({ table }) => `'${table}'`).join(', ')
  raise('SEEDS.ROWS_REFERRED', {
    message: `Deleting rows of ${own.map(({ name }) => name).join(', ')} that ${set.name} no longer contains would also ${effects.join(', ')}.`,
    why: 'Foreign keys with ON DELETE CASCADE, SET NULL or SET DEFAULT, or triggers, propagate a deletion.',
    nextActions: [
      advice(
        `Nothing was written. Keep the rows in the set, or allow it with cascade: [${names}] on the table in the set.`,
      ),
    ],
    where: { file: set.file },
  })
}

/** Refuses a delete because remaining rows refer to rows that would be deleted. */
async function refuseReferencedRows(
  session: Session,
  owned: readonly Resolved[],
  why: string,
): Promise<never> {
  const found: string[] = []
  for (const resolved of owned) {
    const { target, tables } = resolved
    for (const child of tables.byKey.values()) {
      const own = owned.find((one) => one.target === child)
      const stays = own ? ` AND NOT (${isToBeDeleted(session, own, 'c')})` : ''
      for (const { columns, table, referenced } of child.foreignKeys) {
        if (!isSameObject(table, target)) continue
        const same = columns.map(
          (column, at) =>
            `c.${quoteIdentifier(column)} = t.${quoteIdentifier(referenced[at] ?? '')}`,
        )
        const [row] = await session.query<{ count: string }>(
          `SELECT count(*) AS count FROM ${child.id} c WHERE EXISTS
             (SELECT FROM ${target.id} t WHERE ${same.join(' AND ')} AND ${isToBeDeleted(session, resolved)})${stays}`,
        )
        const count = Number(row?.count ?? 0)
        if (count > 0)
          found.push(
            `${formatRows(count)} of ${child.name} ${count === 1 ? 'refers' : 'refer'} to rows of ${target.name}`,
          )
      }
    }
  }
  const set = owned[0]?.set
  const what = found.length > 0 ? found.join(', ') : 'Other rows refer to rows'
  return raise('SEEDS.ROWS_REFERRED', {
    message: `${what} that ${set?.name ?? 'the set'} no longer contains.`,
    why: `${why}.`,
    nextActions: [
      advice(
        'Nothing was written. Keep the rows in the set, or make the other rows refer elsewhere.',
      ),
    ],
    ...(set ? { where: { file: set.file } } : {}),
  })
}

/** Deletes the rows of one table, `t`, that match `condition`. Fails as `removeOwned` does for cascades. */
export async function removeEarly(
  session: Session,
  resolved: Resolved,
  condition: string,
): Promise<Removed> {
  const { set, tables, target } = resolved
  const scope = { set, tables, own: [target], allowed: cascadeTables(set, tables) }
  return await withCascades(session, scope, async () => {
    const sql = `DELETE FROM ${target.id} t WHERE ${condition}`
    return [(await session.queryRaw(sql)).affected]
  })
}
