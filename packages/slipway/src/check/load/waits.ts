import type { Span } from './timing.ts'
import type { QueryClass, Sample } from './workload.ts'

/** The durations of queries of one class, in milliseconds; all 0 if there were none. */
export interface Waits {
  readonly queries: number
  readonly medianMs: number
  readonly longestMs: number
}

/** One class of queries on one table: before the migration, and during it. */
export interface ClassWaits {
  readonly class: QueryClass
  readonly table: string
  readonly before: Waits
  readonly during: Waits & {
    /** Queries that failed, for instance on a column that was dropped. */
    readonly failed: number
  }
  /** The statement of the migration that ran during the longest wait. */
  readonly statement: number | null
  /** The longest query that started in each interval, if one did. */
  readonly timeline: readonly { readonly atMs: number; readonly longestMs: number }[]
}

/** When the migration ran. */
export interface Window {
  readonly from: number
  readonly to: number
}

const PARTS = 160

const CLASSES: readonly QueryClass[] = ['read', 'write', 'long-read']

/** Summarizes the queries of each class and table, ordered by table. */
export function waitsOf(
  samples: readonly Sample[],
  spans: readonly Span[],
  window: Window,
): ClassWaits[] {
  const groups = Map.groupBy(samples, (sample) => `${sample.class} ${sample.table}`)
  const found = [...groups.values()].flatMap((group): ClassWaits[] => {
    const [first] = group
    if (first === undefined) return []
    const before = group.filter(({ at, ms }) => at + ms < window.from)
    const during = group.filter(({ at, ms }) => at + ms >= window.from && at < window.to)
    const longest = during.toSorted((a, b) => b.ms - a.ms)[0]
    return [
      {
        class: first.class,
        table: first.table,
        before: waits(before),
        during: { ...waits(during), failed: during.filter(({ failed }) => failed).length },
        statement: longest ? statementAt(longest, spans) : null,
        timeline: timelineOf(group, window.to),
      },
    ]
  })
  return found.toSorted(
    (a, b) => a.table.localeCompare(b.table) || CLASSES.indexOf(a.class) - CLASSES.indexOf(b.class),
  )
}

function waits(samples: readonly Sample[]): Waits {
  const times = samples.map(({ ms }) => ms).toSorted((a, b) => a - b)
  return {
    queries: times.length,
    medianMs: tenths(times[Math.floor(times.length / 2)] ?? 0),
    longestMs: tenths(times.at(-1) ?? 0),
  }
}

/** The statement with the longest overlap with a query. */
function statementAt({ at, ms }: Sample, spans: readonly Span[]): number | null {
  const shared = ({ from, to }: Span) => Math.min(to, at + ms) - Math.max(from, at)
  const most = spans.toSorted((a, b) => shared(b) - shared(a))[0]
  return most && shared(most) > 0 ? most.statement : null
}

function timelineOf(samples: readonly Sample[], end: number): ClassWaits['timeline'] {
  const part = Math.max(end / PARTS, 1)
  const inTime = samples.filter(({ at }) => at < end)
  return [...Map.groupBy(inTime, ({ at }) => Math.floor(at / part))].map(([number, group]) => ({
    atMs: Math.round(number * part),
    longestMs: tenths(Math.max(...group.map(({ ms }) => ms))),
  }))
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10
}
