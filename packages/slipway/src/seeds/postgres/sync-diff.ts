import { quoteLiteral, type Session } from '../../database/index.ts'
import { type Resolved } from '../resolve.ts'
import { sameKey } from '../resolved-columns.ts'
import type { RowChange } from '../row-change.ts'
import { selectionOf } from '../selection.ts'
import { hasSecretKey, keyCells } from '../sensitive.ts'
import type { SyncTable } from '../sync-plan.ts'
import type { TargetColumn, TargetTables } from '../target-tables.ts'
import { distinct } from './altered.ts'

/** The differences in a table; only the first rows are listed. */
export interface TableDiff {
  readonly table: string
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  readonly unchanged: number
  /** Rows that only the target has, and that remain there. */
  readonly extra: number
  readonly rows: readonly RowChange[]
}

/** The maximum number of listed rows of each kind. */
const NAMED = 50

/** Records, before the merge, which staged rows are missing or different on the target. */
export async function recordChanges(session: Session, resolved: Resolved): Promise<void> {
  const { source, target, columns, key } = resolved
  const values = columns.filter((column) => !key.includes(column))
  const diff = diffOf(resolved)
  await session.execute(
    `CREATE TEMPORARY TABLE ${diff} (n bigint PRIMARY KEY, kind text NOT NULL, columns text[] NOT NULL) ON COMMIT DROP;
     INSERT INTO ${diff} SELECT r.n, 'insert', '{}' FROM ${source}
       WHERE NOT EXISTS (SELECT FROM ${target.id} t WHERE ${sameKey(resolved)})`,
  )
  await recordUpdates(session, resolved, values)
}

/**
 * Records differences in columns of existing rows; inserted rows do not count as updated. Returns the number
 * of rows without an earlier difference. Records nothing for `insert-missing`, which leaves existing rows
 * unchanged.
 */
export async function recordUpdates(
  session: Session,
  resolved: Resolved,
  columns: readonly TargetColumn[],
): Promise<number> {
  if (columns.length === 0 || resolved.table.mode === 'insert-missing') return 0
  const { source, target } = resolved
  const diff = diffOf(resolved)
  const names = columns.map(
    (column) =>
      `CASE WHEN ${distinct(session, resolved, [column])} THEN ${quoteLiteral(column.name)} END`,
  )
  const before = await updatedRows(session, resolved)
  await session.execute(
    `INSERT INTO ${diff} AS d SELECT r.n, 'update', array_remove(ARRAY[${names.join(', ')}], NULL)
       FROM ${source} JOIN ${target.id} t ON ${sameKey(resolved)} WHERE ${distinct(session, resolved, columns)}
     ON CONFLICT (n) DO UPDATE SET columns = d.columns || EXCLUDED.columns WHERE d.kind = 'update'`,
  )
  return (await updatedRows(session, resolved)) - before
}

async function updatedRows(session: Session, resolved: Resolved): Promise<number> {
  const [row] = await session.query<{ rows: string }>(
    `SELECT count(*) AS rows FROM ${diffOf(resolved)} WHERE kind = 'update'`,
  )
  return Number(row?.rows ?? 0)
}

/** SQL that is true if a resolved row, `r`, was recorded as missing on the target. */
export function wasMissing(resolved: Resolved): string {
  return `EXISTS (SELECT FROM ${diffOf(resolved)} d WHERE d.n = r.n AND d.kind = 'insert')`
}

/** Returns the recorded differences, with the rows that only the target has. */
export async function readDiff(
  session: Session,
  resolved: Resolved,
  extra: { readonly count: number; readonly rows: readonly RowChange[]; readonly gone: boolean },
): Promise<TableDiff> {
  const { relation, rows, table } = resolved
  const diff = diffOf(resolved)
  const [counts] = await session.query<{ inserted: string; updated: string }>(
    `SELECT count(*) FILTER (WHERE kind = 'insert') AS inserted, count(*) FILTER (WHERE kind = 'update') AS updated FROM ${diff}`,
  )
  const [inserted, updated] = [Number(counts?.inserted ?? 0), Number(counts?.updated ?? 0)]
  const named = hasSecretKey(resolved)
    ? []
    : await session.query<RowChange>(
        `SELECT d.kind, ${keyObject(resolved)} AS key, to_jsonb(d.columns) AS columns
     FROM (SELECT *, row_number() OVER (PARTITION BY kind ORDER BY n) AS place FROM ${diff}) d
     JOIN ${relation} s ON s.n = d.n WHERE d.place <= ${NAMED} ORDER BY d.kind, d.n`,
      )
  return {
    table: table.name,
    inserted,
    updated,
    deleted: extra.gone ? extra.count : 0,
    unchanged: rows - inserted - updated,
    extra: extra.gone ? 0 : extra.count,
    rows: [...named, ...(extra.gone ? extra.rows : [])],
  }
}

/** The rows that only the target has: their number, and the keys of the first ones. */
export async function extraRows(
  session: Session,
  resolved: Resolved,
  { tables, of }: { readonly tables: TargetTables; readonly of: SyncTable },
): Promise<{ readonly count: number; readonly rows: readonly RowChange[] }> {
  const [row] = await session.query<{ count: string }>(
    `SELECT count(*) AS count FROM ${resolved.target.id} t WHERE ${isExtra(resolved)}`,
  )
  const count = Number(row?.count ?? 0)
  const selection = selectionOf(tables, of.table, of.fields.slice(0, of.keys))
  if (count === 0 || !selection) return { count, rows: [] }
  const key = keyPairs(
    selection.fields.map(({ field }, at) => [field, selection.values[at] ?? 'NULL'] as const),
  )
  const rows = await session.query<RowChange>(
    `SELECT 'delete' AS kind, ${key} AS key, '[]'::jsonb AS columns ${selection.from}
     WHERE ${isExtra(resolved)} ORDER BY ${selection.values.map((value) => `${value}::text COLLATE "C"`).join(', ')} LIMIT ${NAMED}`,
  )
  return { count, rows }
}

/** SQL that is true if no staged row has the key of `t`. */
export function isExtra(resolved: Resolved): string {
  return `NOT EXISTS (SELECT FROM ${resolved.source} WHERE ${sameKey(resolved)})`
}

function diffOf({ relation }: Resolved): string {
  return `${relation}_diff`
}

function keyObject(resolved: Resolved): string {
  return keyPairs(keyCells(resolved).map(({ field, staged }) => [field, `s.${staged}`] as const))
}

function keyPairs(pairs: readonly (readonly [field: string, value: string])[]): string {
  const inner = pairs.map(([field, value]) => `${quoteLiteral(field)}, ${value}::text`)
  return `json_build_object(${inner.join(', ')})`
}
