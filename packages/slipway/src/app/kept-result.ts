import { type Kept, keptData, keptText } from '../safekeeping/index.ts'
import { type Destruction, objectName } from '../statements/index.ts'
import type { ResultFinding } from './outcome.ts'

/** Data that a deploy or rollback kept, without row content. */
export interface KeptResult {
  readonly id: number
  readonly migration: string
  readonly statement: number
  /** Whether a rollback of the migration destroyed it. */
  readonly byRollback: boolean
  /** `table User`, `column User.email`, `rows of User`. */
  readonly object: string
  readonly data: readonly Destruction[]
  readonly state: Kept['state']
  /** Null if the rows were not counted. */
  readonly rows: number | null
  readonly bytes: number
  readonly keptAt: string
  /** Restored rows, and existing rows that stayed; null if the data was not restored. */
  readonly restored: { readonly rows: number; readonly since: number } | null
}

/** Converts kept data for a result. */
export function keptResult(kept: Kept): KeptResult {
  const {
    id,
    migration,
    statement,
    byRollback,
    state,
    rows = null,
    bytes,
    keptAt,
    restored = null,
  } = kept
  return {
    id,
    migration,
    statement,
    byRollback,
    object: keptText(kept),
    data: keptData(kept),
    state,
    rows,
    bytes,
    keptAt,
    restored,
  }
}

/** Warnings of a restore: rows and values that were not restored, or perhaps into the wrong rows. */
export function restoredFindings(kept: Kept): ResultFinding[] {
  if (kept.inserted) return addedRowsLeft(kept)
  return [...rowsWithoutPlace(kept), ...uncertainRows(kept)]
}

/** Rows that a migration added and that its rollback did not delete. */
function addedRowsLeft({ migration, table, rows = 0, restored }: Kept): ResultFinding[] {
  if (!restored || restored.since === 0) return []
  const message = `${migration}: ${restored.since} of ${rows} rows that it added to ${objectName(table)} are not deleted: they were changed since, or other rows refer to them.`
  return [{ id: 'not-restored', severity: 'warning', message }]
}

/** Values that were restored into rows that were written since, which may be new ones. */
function uncertainRows(kept: Kept): ResultFinding[] {
  const { id, migration, rows = 0, uncertain } = kept
  if (uncertain === undefined) return []
  const message = `${migration}: ${uncertain} of ${rows} kept values (${keptText(kept)}) were restored into rows that were written since and that may be different rows: they were found by their content, or by a key that a new row can get. The kept values stay in the kept entry ${id} until it is pruned.`
  return [{ id: 'restored-by-content', severity: 'warning', message }]
}

/** Kept rows and values whose row was deleted or changed since. */
function rowsWithoutPlace(kept: Kept): ResultFinding[] {
  const { id, migration, rows = 0, restored } = kept
  if (!restored || rows <= restored.rows) return []
  const message = `${migration}: ${rows - restored.rows} of ${rows} kept rows (${keptText(kept)}) are not restored: their rows, or rows that they refer to, were changed or deleted since, or their key or a unique value is in use. They stay in the kept entry ${id} until it is pruned.`
  return [{ id: 'not-restored', severity: 'warning', message }]
}

/** Data that was destroyed and could not be kept. */
export function notKeptFindings(kept: readonly Kept[], known: readonly string[]): ResultFinding[] {
  const found = kept.flatMap((one) =>
    one.state === 'not-kept' ? [`${one.migration}: ${keptText(one)}: ${one.why ?? ''}`] : [],
  )
  return [...known, ...found].map((message) => ({
    id: 'not-kept',
    severity: 'warning',
    message: `Not kept: ${message}.`,
  }))
}
