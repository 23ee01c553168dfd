import type { Session } from '../database/index.ts'
import { readLedgerRows } from '../history/index.ts'

/** Something that a deploy destroyed, and what became of its data. No row content. */
export interface Kept {
  readonly id: number
  readonly migration: string
  /** Number of the statement that destroyed it. */
  readonly statement: number
  readonly kind: 'table' | 'columns' | 'rows'
  readonly schema: string
  readonly table: string
  /** The columns that were dropped, converted or updated; none where it is the whole row. */
  readonly columns: readonly string[]
  /** `kept`: the data is kept. `restored`: it was restored. `not-kept`: it could not be kept, see `why`. */
  readonly state: 'kept' | 'restored' | 'not-kept'
  readonly why?: string
  /** A rollback finds the rows that it belongs to; it does not where a key was changed, or where there is none. */
  readonly returns: boolean
  /** Absent if nobody counted: a table is moved without a look at its rows. */
  readonly rows?: number
  readonly bytes: number
  readonly keptAt: string
  /** Restored rows, and rows that existed already and stayed. */
  readonly restored?: { readonly rows: number; readonly since: number }
}

const COLUMNS = `(j ->> 'id')::bigint, j ->> 'migration', j ->> 'statement', j ->> 'kind', j ->> 'table_schema', j ->> 'table_name',
  j ->> 'columns', j ->> 'not_kept', j ->> 'rows',
  coalesce(pg_total_relation_size(to_regclass('slipway.' || quote_ident(j ->> 'stored_as'))), 0),
  to_char((j ->> 'kept_at')::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), (j ->> 'restored_at') IS NOT NULL,
  j -> 'details' ->> 'restored', j -> 'details' ->> 'since',
  j -> 'details' ->> 'operation' IS DISTINCT FROM 'update' OR (j ->> 'key') IS NOT NULL`

/** All that is or was kept of this project on a database, the oldest first; nothing if nothing ever was. */
export async function readKept(session: Session): Promise<Kept[]> {
  return (await readLedgerRows(session, 'kept', COLUMNS)).map(keptFrom)
}

function keptFrom(row: readonly (string | null)[]): Kept {
  const [
    id,
    migration,
    statement,
    kind,
    schema,
    table,
    columns,
    why,
    rows,
    bytes,
    at,
    done,
    ...counts
  ] = row
  const [restored, since, returns] = counts
  const text = (value: string | null | undefined) => value ?? ''
  return {
    id: Number(id),
    migration: text(migration),
    statement: Number(statement),
    kind: kind as Kept['kind'],
    schema: text(schema),
    table: text(table),
    columns: JSON.parse(columns ?? '[]') as string[],
    state: why ? 'not-kept' : done === 't' ? 'restored' : 'kept',
    ...(why ? { why } : {}),
    returns: !why && returns === 't',
    ...(rows === null || rows === undefined ? {} : { rows: Number(rows) }),
    bytes: Number(bytes),
    keptAt: text(at),
    ...(done === 't' ? { restored: { rows: Number(restored), since: Number(since) } } : {}),
  }
}

/** Kept data in words: `column public.users.email`, `rows of public.users`. */
export function describeKept({ kind, schema, table, columns }: Kept): string {
  const name = `${schema}.${table}`
  switch (kind) {
    case 'table':
      return `table ${name}`
    case 'columns':
      return `column ${columns.map((column) => `${name}.${column}`).join(', ')}`
    case 'rows':
      return `rows of ${name}`
  }
}
