import type { RowWork, TableFacts } from '../hazards/index.ts'
import type { Action, Statement } from '../statements/index.ts'

/** What a statement does to a table, and the table's size if known. */
export interface Task {
  readonly work?: RowWork
  readonly size?: TableFacts
}

/**
 * Estimates how long a statement runs once it has its locks, in ms with two significant digits; null if
 * unknown. Scales measurements on a machine with 2 cores, PostgreSQL 15 and 5 million rows in 641 MB, so it
 * is only a rough guide.
 */
export function estimateMs(statement: Statement, tasks: readonly Task[]): number | null {
  const busy = tasks.filter(({ work }) => work !== undefined)
  if (busy.length === 0) return withoutWork(statement, tasks)
  const times = busy.map(({ work, size }) => work && size && timeOf(work, statement, size))
  const total = times.reduce<number | undefined>(
    (sum, time) => (sum === undefined || time === undefined ? undefined : sum + time),
    0,
  )
  return total === undefined ? null : rounded(total)
}

const MEASURED = { rows: 5_000_000, bytes: 641_000_000 }

function timeOf(work: RowWork, { actions }: Statement, { rows, bytes }: TableFacts): number {
  switch (work) {
    // VALIDATE CONSTRAINT 548 ms, SET NOT NULL 560 ms: the time depends on the pages read.
    case 'reads every row':
      return (560 * bytes) / MEASURED.bytes
    // CREATE INDEX 2.1 s, CONCURRENTLY 5.2 s: the time depends on the rows sorted.
    case 'builds an index':
      return (2100 * rows) / MEASURED.rows
    case 'builds an index concurrently':
      return (5200 * rows) / MEASURED.rows
    // integer to bigint with three indexes 23.4 s; a new column with gen_random_uuid() 43.6 s.
    case 'rewrites every row': {
      const added = actions.some(({ kind }) => kind === 'add-column')
      return ((added ? 43_600 : 23_400) * bytes) / MEASURED.bytes
    }
  }
}

/** Catalog-only changes took from 0.7 ms (DROP NOT NULL) to 7.5 ms (a column with a default). */
const CATALOG_MS = 1

const CATALOG = new Set<Action['kind']>([
  'add-column',
  'drop-column',
  'set-default',
  'drop-default',
  'set-not-null',
  'drop-not-null',
  'change-type',
  'add-constraint',
  'drop-constraint',
  'rename',
  'create-index',
  'create-trigger',
  'create-enum',
  'add-enum-value',
  'row-security',
  'drop-on-table',
  'grant',
])

function withoutWork({ actions }: Statement, tasks: readonly Task[]): number | null {
  const [only, ...more] = actions
  if (only?.kind === 'update' && only.where === undefined && more.length === 0) {
    const size = tasks[0]?.size
    // 20,000 rows per second, with or without batches.
    return size ? rounded(size.rows / 20) : null
  }
  const catalog = actions.every(
    (action) => CATALOG.has(action.kind) || (action.kind === 'create-table' && !action.filled),
  )
  return catalog && actions.length > 0 ? CATALOG_MS : null
}

function rounded(ms: number): number {
  return Math.max(CATALOG_MS, Number(ms.toPrecision(2)))
}
