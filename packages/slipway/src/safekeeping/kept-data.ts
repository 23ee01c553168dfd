import type { Session } from '../database/index.ts'
import { readLedgerRows } from '../history/index.ts'
import {
  type Destruction,
  destructionKey,
  destructionText,
  partRef,
  type TableRef,
  tableRef,
} from '../statements/index.ts'

/**
 * An entry for something that a deploy or a rollback destroyed, with the state of its data. No row
 * content.
 */
export interface Kept {
  readonly id: number
  readonly migration: string
  /** Number of the statement that destroyed it. */
  readonly statement: number
  readonly kind: 'table' | 'columns' | 'rows' | 'sequence'
  /**
   * The entry is of rows that the migration inserted: nothing was destroyed, and a rollback deletes the
   * rows that have not changed since.
   */
  readonly inserted: boolean
  /** A rollback destroyed it: another rollback does not restore it. */
  readonly byRollback: boolean
  /** The table, or the sequence. */
  readonly table: TableRef
  /** The columns that were dropped, converted or updated; empty for whole rows. */
  readonly columns: readonly string[]
  /** `kept`: the data is kept. `restored`: it was restored. `not-kept`: it could not be kept, see `why`. */
  readonly state: 'kept' | 'restored' | 'not-kept'
  readonly why?: string
  /**
   * Whether a rollback finds the rows that the data belongs to; false if a key was changed or there is
   * none.
   */
  readonly returns: boolean
  /** Absent if they were not counted: a table is moved without reading its rows. */
  readonly rows?: number
  readonly bytes: number
  readonly keptAt: string
  /** Numbers of restored rows, and of rows that already existed and were left unchanged. */
  readonly restored?: { readonly rows: number; readonly since: number }
  /**
   * The number of restored rows that were written since and may be different rows, because they were matched only by
   * content, or by a key that a new row can get; absent if none.
   */
  readonly uncertain?: number
}

const COLUMNS = `(j ->> 'id')::bigint, j ->> 'migration', j ->> 'statement', j ->> 'kind', j ->> 'table_schema', j ->> 'table_name',
  j ->> 'columns', j ->> 'not_kept', j ->> 'rows',
  coalesce(pg_total_relation_size(to_regclass('slipway.' || quote_ident(j ->> 'stored_as'))), 0),
  to_char((j ->> 'kept_at')::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), (j ->> 'restored_at') IS NOT NULL,
  j -> 'details' ->> 'restored', j -> 'details' ->> 'since',
  CASE j ->> 'kind' WHEN 'columns' THEN (j ->> 'key') IS NOT NULL OR j -> 'details' ->> 'setAside' IS NOT NULL OR j -> 'details' ->> 'matched' = 'true'
    ELSE j -> 'details' ->> 'operation' IS DISTINCT FROM 'update' OR (j ->> 'key') IS NOT NULL OR j -> 'details' ->> 'paired' = 'true' END,
  j -> 'details' ->> 'operation' = 'insert', j -> 'details' ->> 'uncertain'`

/** The prefix of the migration's name in an entry for something that a rollback destroyed. */
const ROLLBACK_OF = 'rollback of '

/**
 * The name under which a rollback of a migration keeps data. A deploy uses the name of the migration
 * itself.
 */
export function keptByRollback(migration: string): string {
  return ROLLBACK_OF + migration
}

/**
 * All data of this project that is or was kept on a database, and the rows that migrations inserted,
 * oldest first.
 */
export async function readAllKept(session: Session): Promise<Kept[]> {
  const rows = await readLedgerRows(session, 'kept', COLUMNS)
  return rows.map((row) => keptFrom(row, session.server.schema))
}

/**
 * Data that rollbacks of these migrations kept and that is not restored: it can be restored once they are
 * deployed again. The latest first, so that a table gets its rows before the rows that refer to it. Only
 * the latest entry of each object, or of each change of its rows: an earlier one was not restored when it
 * could have been.
 */
export function restorableAfter(kept: readonly Kept[], migrations: ReadonlySet<string>): Kept[] {
  const seen = new Set<string>()
  return kept
    .toSorted((a, b) => b.id - a.id)
    .filter((one) => {
      if (!one.byRollback || one.state !== 'kept' || !one.returns) return false
      if (!migrations.has(one.migration)) return false
      const change = one.kind === 'rows' ? [String(one.statement), ...one.columns] : []
      const data = [...keptData(one).map(destructionKey), ...change].join(' ')
      return !seen.has(data) && seen.add(data)
    })
}

/** An attribute that a rollback could not restore on its object, and why. */
export interface Unrestored {
  readonly migration: string
  /** As SQL names it: `TABLE public.note`. */
  readonly object: string
  /** `owner`, `comment`, `privileges`, `position`, `storage`. */
  readonly attribute: string
  readonly why: string
}

/** Attributes that migrations changed or removed, and rollbacks could not restore. */
export async function readUnrestored(session: Session): Promise<Unrestored[]> {
  const rows = await readLedgerRows(
    session,
    'attribute',
    `j ->> 'migration', j ->> 'object', j ->> 'name', j ->> 'problem'`,
  )
  return rows.flatMap(([migration, object, attribute, why]) =>
    migration && object && attribute && why ? [{ migration, object, attribute, why }] : [],
  )
}

function keptFrom(row: readonly (string | null)[], defaultSchema: string): Kept {
  const [
    id,
    migration,
    statement,
    kind,
    schema,
    name,
    columns,
    why,
    rows,
    bytes,
    at,
    done,
    ...counts
  ] = row
  const [restored, since, returns, inserted, uncertain] = counts
  const text = (value: string | null | undefined) => value ?? ''
  return {
    id: Number(id),
    migration: text(migration).replace(ROLLBACK_OF, ''),
    byRollback: text(migration).startsWith(ROLLBACK_OF),
    inserted: inserted === 't',
    statement: Number(statement),
    kind: kind as Kept['kind'],
    table: tableRef({ defaultSchema }, { schema: text(schema), name: text(name) }),
    columns: JSON.parse(columns ?? '[]') as string[],
    state: why ? 'not-kept' : done === 't' ? 'restored' : 'kept',
    ...(why ? { why } : {}),
    returns: !why && returns === 't',
    ...(rows === null || rows === undefined ? {} : { rows: Number(rows) }),
    bytes: Number(bytes),
    keptAt: text(at),
    ...(done === 't' ? { restored: { rows: Number(restored), since: Number(since) } } : {}),
    ...(uncertain ? { uncertain: Number(uncertain) } : {}),
  }
}

/** Whether an entry has data that is not restored, also if a part of it was. */
export function isLeft({ state, inserted, rows = 0, restored }: Kept): boolean {
  return !inserted && (state === 'kept' || (restored !== undefined && restored.rows < rows))
}

/** The data of an entry: a table, a sequence, values of columns, or rows. */
export function keptData({ kind, inserted, table, columns }: Kept): Destruction[] {
  if (inserted) return []
  if (kind === 'sequence') return [{ what: 'object', object: { ...table, kind } }]
  if (kind !== 'columns') return [{ what: kind === 'rows' ? 'rows' : 'object', object: table }]
  return columns.map((name) => ({ what: 'values', object: partRef('column', table, name) }))
}

/** Kept data as readable text: `column user.email`. */
export function keptText(kept: Kept): string {
  return keptData(kept).map(destructionText).join(', ')
}
