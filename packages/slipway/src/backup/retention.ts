import { formatBytes } from '../kernel/index.ts'
import type { RetentionConfig } from '../project/index.ts'

/** The facts about a backup that retention needs. */
export interface RetainedBackup {
  readonly id: string
  /** By the clock of the backed-up server. */
  readonly createdAt: string
  /** By the clock of the store, if known. The newest by either clock is kept. */
  readonly storedAt?: string | undefined
  readonly bytes: number
  /** The time of the last verification; undefined if it was never verified. */
  readonly verifiedAt?: string | undefined
  /** Whether a kept deploy refers to it. */
  readonly referredTo: boolean
}

/** The decision about a backup, with a reason in words: `the newest of 2026-11-29`. */
export interface Decision {
  readonly id: string
  readonly action: 'keep' | 'expire'
  readonly reason: string
}

/**
 * Decides on each backup, newest first. Pure: reads no clock. A second run on the kept backups changes
 * nothing.
 */
export function expiredBackups(
  backups: readonly RetainedBackup[],
  keep: RetentionConfig,
): readonly Decision[] {
  const sorted = backups.toSorted(byTime)
  const always = protectedBackups(sorted)
  const chosen = new Map([...ruleReasons(sorted, keep), ...always])
  const over = overLimit(sorted, { chosen, always, maxBytes: keep.maxBytes })
  return sorted.map((backup) => {
    const reason = chosen.get(backup)
    if (reason === undefined) return { id: backup.id, action: 'expire', reason: 'no rule keeps it' }
    if (!over.has(backup)) return { id: backup.id, action: 'keep', reason }
    const limit = formatBytes(keep.maxBytes ?? 0)
    return { id: backup.id, action: 'expire', reason: `all together are larger than ${limit}` }
  })
}

type Reasons = ReadonlyMap<RetainedBackup, string>

/** Newest first; backups of the same time in descending order of IDs. */
function byTime(a: RetainedBackup, b: RetainedBackup): number {
  return timeOf(b.createdAt) - timeOf(a.createdAt) || (a.id < b.id ? 1 : -1)
}

/** An unreadable time counts as the oldest, so that it does not displace another backup. */
function timeOf(text: string | undefined): number {
  const time = Date.parse(text ?? '')
  return Number.isNaN(time) ? 0 : time
}

/** The backups that are always kept. If two clocks disagree on the newest, both are kept. */
function protectedBackups(sorted: readonly RetainedBackup[]): Reasons {
  const verified = sorted.filter(({ verifiedAt }) => verifiedAt !== undefined)
  const latest = (among: readonly RetainedBackup[], at: 'storedAt' | 'verifiedAt') =>
    among.toSorted((a, b) => timeOf(b[at]) - timeOf(a[at]))[0]
  const reasons = new Map<RetainedBackup, string>()
  for (const backup of sorted) {
    if (backup.referredTo) reasons.set(backup, 'a kept deploy refers to it')
    if (Number.isNaN(Date.parse(backup.createdAt))) reasons.set(backup, 'its time cannot be read')
  }
  for (const backup of [verified[0], latest(verified, 'verifiedAt')]) {
    if (backup) reasons.set(backup, 'the last verified backup')
  }
  for (const backup of [sorted[0], latest(sorted, 'storedAt')]) {
    if (backup) reasons.set(backup, 'the newest backup')
  }
  return reasons
}

/** The backups that the rules keep. The first rule that keeps a backup gives the reason. */
function ruleReasons(sorted: readonly RetainedBackup[], keep: RetentionConfig): Reasons {
  const { last, days, weeks, months } = keep
  const rules = [
    {
      count: last,
      periodOf: ({ id }: RetainedBackup) => id,
      name: () => `one of the last ${last}`,
    },
    { count: days, periodOf: dayOf, name: (day: string) => `the newest of ${day}` },
    { count: weeks, periodOf: weekOf, name: (day: string) => `the newest of the week of ${day}` },
    { count: months, periodOf: monthOf, name: (month: string) => `the newest of ${month}` },
  ]
  if (rules.every(({ count }) => count === undefined)) {
    return new Map(sorted.map((backup) => [backup, 'no rule removes it']))
  }
  const reasons = new Map<RetainedBackup, string>()
  for (const { count = 0, periodOf, name } of rules) {
    const seen = new Set<string>()
    for (const backup of sorted) {
      const period = periodOf(backup)
      if (seen.size >= count || seen.has(period)) continue
      seen.add(period)
      if (!reasons.has(backup)) reasons.set(backup, name(period))
    }
  }
  return reasons
}

function dayOf({ createdAt }: RetainedBackup): string {
  return new Date(timeOf(createdAt)).toISOString().slice(0, 10)
}

function monthOf(backup: RetainedBackup): string {
  return dayOf(backup).slice(0, 7)
}

/** The Monday of the week. */
function weekOf({ createdAt }: RetainedBackup): string {
  const day = new Date(timeOf(createdAt))
  day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7))
  return day.toISOString().slice(0, 10)
}

interface Limit {
  readonly chosen: Reasons
  readonly always: Reasons
  readonly maxBytes: number | undefined
}

/** The chosen backups that expire because all together are too large, oldest first. */
function overLimit(
  sorted: readonly RetainedBackup[],
  { chosen, always, maxBytes = Infinity }: Limit,
): ReadonlySet<RetainedBackup> {
  const over = new Set<RetainedBackup>()
  let total = sorted.reduce((sum, one) => sum + (chosen.has(one) ? one.bytes : 0), 0)
  for (const backup of sorted.toReversed()) {
    if (total <= maxBytes) break
    if (!chosen.has(backup) || always.has(backup)) continue
    over.add(backup)
    total -= backup.bytes
  }
  return over
}
