import type { LoadResult } from '../app/index.ts'
import type { ClassWaits } from '../check/index.ts'
import { formatDuration } from '../kernel/index.ts'
import { type Block, status } from './view.ts'

const CLASSES: Readonly<Record<ClassWaits['class'], string>> = {
  read: 'point reads',
  write: 'point writes',
  'long-read': 'long reader',
}

/** How long queries waited during the migration, each class and table with a bar of its longest wait. */
export function loadBlocks(load: LoadResult): Block[] {
  const { tables, waits } = load
  if (tables.length === 0)
    return [status('note', 'Touches no existing table, so there is nothing to measure')]
  const most = Math.max(...waits.map(({ during }) => during.longestMs), 1)
  return [
    status('note', summary(load), took(load)),
    ...scarce(load),
    {
      kind: 'table',
      columns: [
        { title: 'under load' },
        { title: 'on' },
        { title: 'queries', align: 'right' },
        { title: 'median', align: 'right' },
        { title: 'longest before', align: 'right' },
        { title: 'longest during', align: 'right' },
        { title: 'statement', align: 'right' },
        { title: '' },
      ],
      rows: waits.map(({ class: kind, table, before, during, statement }) => [
        CLASSES[kind],
        table,
        `${during.queries}${during.failed > 0 ? `, ${during.failed} failed` : ''}`,
        milliseconds(during.medianMs, during.queries),
        milliseconds(before.longestMs, before.queries),
        milliseconds(during.longestMs, during.queries),
        statement === null ? '' : String(statement),
        during.queries === 0 ? '' : bar(during.longestMs / most),
      ]),
    },
  ]
}

function summary({ waits, tables }: LoadResult): string {
  const longest = waits.toSorted((a, b) => b.during.longestMs - a.during.longestMs)[0]
  const rows = tables.map((one) => `${one.table} with ${count(one.rows)} rows`).join(', ')
  if (longest === undefined) return `No query ran during the migration: ${rows}`
  return `The longest wait during the migration was ${formatDuration(longest.during.longestMs)}: ${rows}`
}

function took({ window, attempts, lockWaitMs }: LoadResult): string {
  const tries =
    attempts > 1 ? `, ${attempts} attempts, ${formatDuration(lockWaitMs)} for locks` : ''
  return `the migration took ${formatDuration(window.to - window.from)}${tries}`
}

/** Tables with fewer rows than requested, and tables that were left out. */
function scarce({ tables, leftOut }: LoadResult): Block[] {
  const short = tables.filter(({ rows, wanted }) => rows < wanted)
  return [
    ...short.map(({ table, rows, wanted }) =>
      status(
        'warning',
        `Only ${count(rows)} of ${count(wanted)} rows could be generated for ${table}`,
      ),
    ),
    ...(leftOut.length > 0 ? [status('note', `Not loaded: ${leftOut.join(', ')}`)] : []),
  ]
}

const BAR = 24

function bar(share: number): string {
  return '█'.repeat(Math.max(Math.round(share * BAR), 1))
}

function milliseconds(ms: number, queries: number): string {
  if (queries === 0) return '–'
  return ms < 10 ? `${ms.toFixed(1)} ms` : formatDuration(ms)
}

function count(rows: number): string {
  return rows.toLocaleString('en-US')
}
