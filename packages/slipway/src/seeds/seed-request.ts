import { advice, command, type Emit } from '../kernel/index.ts'
import { raise } from './failures.ts'
import type { SeedAuthor, SeedRecord } from './ledger.ts'
import type { RowLimits } from './made-rows.ts'
import type { SeedSet } from './set.ts'
import type { TableCounts } from './table-counts.ts'
import type { NamesIn } from './target-tables.ts'

/** Sets to be run on a target, in their order. */
export interface SeedRequest {
  readonly sets: readonly SeedSet[]
  readonly names: NamesIn
  /** Migrations that the target lacks: seeds may not fit. */
  readonly pending: readonly string[]
  readonly author: SeedAuthor
  /** Do all of it, report the changes, and roll it back. */
  readonly dryRun: boolean
  /** Asked before a set that changes or deletes rows is committed; throws where that is not wanted. */
  readonly consent: (destroys: readonly string[]) => Promise<void>
  readonly emit: Emit
  /** What ends code that generates rows. */
  readonly limits?: RowLimits | undefined
}

/** What a run did with a set, or would do. */
export interface SeedOutcome {
  readonly set: SeedSet
  /** What the database had of it before. */
  readonly before?: SeedRecord
  readonly tables: readonly TableCounts[]
  /** Tables in which a trigger changed values that the set gave. */
  readonly altered: readonly string[]
}

/** Refuses seeds of a schema that the target does not have yet. */
export function refusePending({ pending }: SeedRequest): void {
  if (pending.length === 0) return
  raise('SEEDS.MIGRATIONS_PENDING', {
    message: `${pending.length === 1 ? 'A migration is' : `${pending.length} migrations are`} pending: ${pending.slice(0, 3).join(', ')}${pending.length > 3 ? ', …' : ''}.`,
    why: 'Seeds match the schema that the migrations produce.',
    nextActions: [command(['deploy'], 'apply them, then run the seeds')],
  })
}

/** Refuses a set of which the database has a newer version. */
export function refuseNewer(set: SeedSet, records: readonly SeedRecord[]): void {
  const before = records.find(({ name }) => name === set.name)
  if (before === undefined || before.version <= set.version) return
  raise('SEEDS.NEWER_DATABASE', {
    message: `The database has version ${before.version} of ${set.name}; the files are version ${set.version}.`,
    why: 'An older set would overwrite newer rows.',
    nextActions: [
      advice('Fetch the commit that has the newer set.'),
      command(['seed', 'status'], 'see what the database has'),
    ],
    where: { file: set.file },
  })
}

/** What a person must agree to on a protected target. */
export function destroyedBy(set: SeedSet, counts: readonly TableCounts[]): string[] {
  const named = (one: { table: string; updated: number; deleted: number }) => [
    ...(one.updated > 0
      ? [`values of ${one.updated} rows of ${one.table} (seed ${set.name})`]
      : []),
    ...(one.deleted > 0 ? [`${one.deleted} rows of ${one.table} (seed ${set.name})`] : []),
  ]
  return counts.flatMap((one) => [...named(one), ...(one.cascaded ?? []).flatMap(named)])
}

/** Whether the ledger has a set as it is, and the run changed nothing: then it has nothing to write. */
export function isAsRecorded(
  set: SeedSet,
  before: SeedRecord | undefined,
  counts: readonly TableCounts[],
): boolean {
  const same =
    before?.version === set.version &&
    before.checksum === set.checksum &&
    before.rows === rowsOfSet(counts)
  const changed = counts.some(({ inserted, updated, deleted }) => inserted + updated + deleted > 0)
  return same && !changed
}

/** How many rows of a set a database has after a run. */
export function rowsOfSet(counts: readonly TableCounts[]): number {
  return counts.reduce((sum, one) => sum + one.inserted + one.updated + one.unchanged, 0)
}
