import { describeKept, type Kept } from '../safekeeping/index.ts'
import type { Finding } from './command.ts'
import { type Block, status } from './view.ts'

/** What a result says of something kept; its keys are a promise to scripts. */
export interface KeptResult {
  readonly id: number
  readonly migration: string
  readonly statement: number
  /** `table public.user`, `column public.user.email`, `rows of public.user`. */
  readonly object: string
  readonly state: Kept['state']
  /** Nothing where nobody counted. */
  readonly rows: number | null
  readonly bytes: number
  readonly keptAt: string
}

/** Something kept, as results show it. */
export function keptResult(kept: Kept): KeptResult {
  const { id, migration, statement, state, rows = null, bytes, keptAt } = kept
  return { id, migration, statement, object: describeKept(kept), state, rows, bytes, keptAt }
}

/** A line for each thing that a deploy kept. */
export function keptLines(kept: readonly Kept[]): Block[] {
  return kept
    .filter(({ state }) => state === 'kept')
    .map((one) => status('note', `Kept ${describeKept(one)}`, rowsOf(one)))
}

/** A line for each thing that a rollback put back, or left where it is kept. */
export function restoredLines(kept: readonly Kept[]): Block[] {
  return kept.map((one) => {
    const { restored } = one
    if (!restored) return status('warning', `Still kept: ${describeKept(one)}`, `kept ${one.id}`)
    const since = restored.since > 0 ? `, ${restored.since} written since stay` : ''
    return status('done', `Put back ${describeKept(one)}`, `${countOf(restored.rows)}${since}`)
  })
}

/** What was destroyed and could not be kept. */
export function notKeptFindings(kept: readonly Kept[], known: readonly string[]): Finding[] {
  const found = kept.flatMap((one) =>
    one.state === 'not-kept' ? [`${one.migration}: ${describeKept(one)}: ${one.why ?? ''}`] : [],
  )
  return [...known, ...found].map((message) => ({
    id: 'not-kept',
    severity: 'warning',
    message: `Not kept: ${message}.`,
  }))
}

/** A size on disk, for people: `16 kB`, `3 MB`. */
export function sizeOf(bytes: number): string {
  return bytes < 1024 ** 2 ? `${Math.ceil(bytes / 1024)} kB` : `${Math.ceil(bytes / 1024 ** 2)} MB`
}

function rowsOf({ rows }: Kept): string | undefined {
  return rows === undefined ? undefined : countOf(rows)
}

function countOf(rows: number): string {
  return `${rows} ${rows === 1 ? 'row' : 'rows'}`
}
