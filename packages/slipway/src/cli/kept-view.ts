import type { KeptResult } from '../app/index.ts'
import { formatRows } from '../kernel/index.ts'
import { type Block, status } from './view.ts'

/** A line for each thing that a deploy kept. */
export function keptLines(kept: readonly KeptResult[]): Block[] {
  return kept
    .filter(({ state }) => state === 'kept')
    .map((one) => status('note', `Kept ${one.object}`, rowsOf(one)))
}

/** A line for each thing that a rollback kept and that can be restored again. */
export function offeredLines(offered: readonly KeptResult[]): Block[] {
  return offered.map((one) =>
    status('note', `A rollback kept ${one.object}, which can be restored now`, rowsOf(one)),
  )
}

/** The migration that destroyed the kept data, or whose rollback did. */
export function keptOf({ migration, byRollback }: KeptResult): string {
  return byRollback ? `rollback of ${migration}` : migration
}

/** A line for each piece of data that a rollback restored, or that stays kept. */
export function restoredLines(kept: readonly KeptResult[]): Block[] {
  return kept.map((one) => {
    const { restored, state, rows } = one
    if (state === 'not-kept') return status('warning', `Not kept: ${one.object}`)
    if (!restored) return status('warning', `Still kept: ${one.object}`, `kept ${one.id}`)
    const isPart = rows !== null && restored.rows < rows
    const newer = formatRows(restored.since)
    const since = restored.since > 0 && !isPart ? `; ${newer} written since stay` : ''
    const text = isPart ? `${restored.rows} of ${formatRows(rows)}` : formatRows(restored.rows)
    const what = isPosition(one) ? 'its position' : text + since
    return isPart && restored.rows === 0
      ? status('warning', `Not restored: ${one.object}`, what)
      : status('done', `Restored ${one.object}`, what)
  })
}

function isPosition({ data }: KeptResult): boolean {
  return data.every(({ object }) => object.kind === 'sequence')
}

/** A size on disk, for people: `16 kB`, `3 MB`. */
export function sizeOf(bytes: number): string {
  return bytes < 1024 ** 2 ? `${Math.ceil(bytes / 1024)} kB` : `${Math.ceil(bytes / 1024 ** 2)} MB`
}

function rowsOf({ rows }: KeptResult): string | undefined {
  return rows === null ? undefined : formatRows(rows)
}
