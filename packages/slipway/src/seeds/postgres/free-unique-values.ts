import { quoteIdentifier, type Session } from '../../database/index.ts'
import { attempt, rethrow } from '../../kernel/index.ts'
import { type Resolved } from '../resolve.ts'
import { givenOf, isGiven, sameKey, storedOf } from '../resolved-columns.ts'
import type { CascadedRows } from '../table-counts.ts'
import type { TargetColumn, TargetTable } from '../target-tables.ts'
import { differs } from './altered.ts'
import { isToBeDeleted, removeEarly } from './removal.ts'

// The value of a unique key other than the natural key may move between rows of a set, or from a row that the
// set no longer contains. The server checks such a key at each row, so the old row must give up the value
// first.

/** What was deleted to free unique values. */
export interface RemovedForUniqueness {
  deleted: number
  readonly cascaded: CascadedRows[]
}

/** A write, and its columns. */
interface Writing<T> {
  readonly columns: readonly TargetColumn[]
  readonly removed: RemovedForUniqueness
  work(): Promise<T>
}

/**
 * Writes rows. If a unique value still belongs to another row that is about to lose it, first gives that row
 * an unused value, then writes again.
 */
export async function withFreedUniqueValues<T>(
  session: Session,
  resolved: Resolved,
  { columns, removed, work }: Writing<T>,
): Promise<T> {
  const keys = otherKeys(resolved, columns)
  if (keys.length === 0) return await work()
  await session.execute('SAVEPOINT slipway_merge')
  const done = await attempt(work)
  if (done.ok) {
    await session.execute('RELEASE SAVEPOINT slipway_merge')
    return done.value
  }
  if (done.failure.server?.sqlstate !== '23505') return rethrow(done.failure)
  await session.execute('ROLLBACK TO SAVEPOINT slipway_merge')
  let freed = 0
  for (const key of keys) {
    freed += await freeChanging(session, resolved, { key, columns })
    if (resolved.table.mode === 'own')
      freed += await freeRemovedRows(session, resolved, { key, removed })
  }
  return freed === 0 ? rethrow(done.failure) : await work()
}

/** The unique keys with a written column, except the natural key. */
function otherKeys(
  { target, key }: Resolved,
  written: readonly TargetColumn[],
): readonly (readonly TargetColumn[])[] {
  return target.unique
    .map((names) => target.columns.filter(({ name }) => names.includes(name)))
    .filter((columns) => columns.some((column) => written.includes(column)))
    .filter(
      (columns) => columns.length !== key.length || !columns.every((one) => key.includes(one)),
    )
}

/** SQL that is true if a row `h` has the unique value that another row is about to get. */
function isWanted(resolved: Resolved, key: readonly TargetColumn[]): string {
  const { source, target, columns } = resolved
  const wanted = key.map((column) => {
    const [given, stored] = [isGiven(resolved, column), storedOf(column, 'e')]
    if (!columns.includes(column)) return stored
    const value = givenOf(resolved, column)
    return given === undefined ? value : `CASE WHEN ${given} THEN ${value} ELSE ${stored} END`
  })
  const same = key.map((column, at) => `${storedOf(column, 'h')} = ${wanted[at]}`)
  return `EXISTS (SELECT FROM ${source} LEFT JOIN ${target.id} e ON ${sameKey(resolved, 'e')}
    WHERE ${same.join(' AND ')} AND NOT (${sameKey(resolved, 'h')}))`
}

/** Frees the values of rows of the set whose own value changes. */
async function freeChanging(
  session: Session,
  resolved: Resolved,
  { key, columns }: { key: readonly TargetColumn[]; columns: readonly TargetColumn[] },
): Promise<number> {
  const { target, table, source } = resolved
  if (table.mode === 'insert-missing') return 0
  const column = key.find(
    (one) => columns.includes(one) && !resolved.key.includes(one) && unusedValue(target, one),
  )
  if (!column) return 0
  const changes = `EXISTS (SELECT FROM ${source}, LATERAL (SELECT h.*) t WHERE ${sameKey(resolved, 'h')} AND ${differs(resolved, column)})`
  return await assignUnusedValues(session, target, {
    column,
    condition: `${isWanted(resolved, key)} AND ${changes}`,
  })
}

/** Frees the values of rows that the set no longer contains; deletes rows that cannot get another value. */
async function freeRemovedRows(
  session: Session,
  resolved: Resolved,
  { key, removed }: { key: readonly TargetColumn[]; removed: RemovedForUniqueness },
): Promise<number> {
  const { target } = resolved
  const condition = `${isWanted(resolved, key)} AND ${isToBeDeleted(session, resolved, 'h')}`
  const column = key.find((one) => !resolved.key.includes(one) && unusedValue(target, one))
  if (column) return await assignUnusedValues(session, target, { column, condition })
  const { deleted, cascaded } = await removeEarly(
    session,
    resolved,
    `EXISTS (SELECT FROM (SELECT t.*) h WHERE ${condition})`,
  )
  removed.deleted += deleted[0] ?? 0
  removed.cascaded.push(...cascaded)
  return deleted[0] ?? 0
}

async function assignUnusedValues(
  session: Session,
  target: TargetTable,
  { column, condition }: { readonly column: TargetColumn; readonly condition: string },
): Promise<number> {
  const { affected } = await session.queryRaw(
    `UPDATE ${target.id} h SET ${quoteIdentifier(column.name)} = ${unusedValue(target, column)}
     FROM (SELECT h.tableoid AS relation, h.ctid AS place, row_number() OVER () AS i FROM ${target.id} h WHERE ${condition}) p
     WHERE h.tableoid = p.relation AND h.ctid = p.place`,
  )
  return affected
}

/** SQL of an unused value, with `p.i` as the number of the row; undefined if the column cannot have one. */
function unusedValue({ id, foreignKeys }: TargetTable, column: TargetColumn): string | undefined {
  const { name, notNull, base, type, always } = column
  if (always) return undefined
  if (!notNull) return 'NULL'
  if (foreignKeys.some(({ columns }) => columns.includes(name))) return undefined
  const random = `md5(random()::text || clock_timestamp()::text || p.i)`
  const least = `(SELECT min(m.${quoteIdentifier(name)}) FROM ${id} m)`
  const [, length = '32'] = /\((\d+)\)/.exec(type) ?? []
  switch (base) {
    case 'text':
    case 'citext':
    case 'character varying':
    case 'character':
      return `left(${random}, ${length})::${type}`
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'numeric':
    case 'real':
    case 'double precision':
      return `(least(${least}, 0) - p.i)::${type}`
    case 'uuid':
      return `${random}::uuid::${type}`
    case 'bytea':
      return `decode(${random}, 'hex')::${type}`
    case 'date':
    case 'timestamp without time zone':
    case 'timestamp with time zone':
      return `(${least} - p.i * interval '1 day')::${type}`
    default:
      return undefined
  }
}
