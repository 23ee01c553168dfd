import { describeKept, type Kept } from '../safekeeping/index.ts'
import type { ResultFinding } from './outcome.ts'

/** Something that a deploy or rollback kept. No row content. */
export interface KeptResult {
  readonly id: number
  readonly migration: string
  readonly statement: number
  /** `table public.user`, `column public.user.email`, `rows of public.user`. */
  readonly object: string
  readonly state: Kept['state']
  /** Nothing if nobody counted. */
  readonly rows: number | null
  readonly bytes: number
  readonly keptAt: string
  /** Restored rows, and rows that existed already and stayed; nothing if the data was not restored. */
  readonly restored: { readonly rows: number; readonly since: number } | null
}

/** Something kept, as results show it. */
export function keptResult(kept: Kept): KeptResult {
  const { id, migration, statement, state, rows = null, bytes, keptAt, restored = null } = kept
  return {
    id,
    migration,
    statement,
    object: describeKept(kept),
    state,
    rows,
    bytes,
    keptAt,
    restored,
  }
}

/** What was destroyed and could not be kept. */
export function notKeptFindings(kept: readonly Kept[], known: readonly string[]): ResultFinding[] {
  const found = kept.flatMap((one) =>
    one.state === 'not-kept' ? [`${one.migration}: ${describeKept(one)}: ${one.why ?? ''}`] : [],
  )
  return [...known, ...found].map((message) => ({
    id: 'not-kept',
    severity: 'warning',
    message: `Not kept: ${message}.`,
  }))
}
