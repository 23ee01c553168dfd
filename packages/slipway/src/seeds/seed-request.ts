import { advice, command, type Emit, formatRows } from '../kernel/index.ts'
import { raise } from './failures.ts'
import type { RowLimits } from './generated-rows.ts'
import type { SeedAuthor, SeedRecord } from './ledger.ts'
import type { SeedSet } from './set.ts'
import type { TableCounts } from './table-counts.ts'
import type { NamesIn } from './target-tables.ts'

/** Sets to run on a target, in order. */
export interface SeedRequest {
  readonly sets: readonly SeedSet[]
  readonly names: NamesIn
  /** Pending migrations of the target: seeds may not match its schema. */
  readonly pending: readonly string[]
  readonly author: SeedAuthor
  /** Whether to report the changes and roll them back. */
  readonly dryRun: boolean
  /** Called before a set that changes or deletes rows is committed; throws if consent is denied. */
  readonly consent: (destroys: readonly string[]) => Promise<void>
  readonly emit: Emit
  /** Limits on code that generates rows. */
  readonly limits?: RowLimits | undefined
}

/** The result of a run of a set, or the expected result in a dry run. */
export interface SeedOutcome {
  readonly set: SeedSet
  /** The ledger's record of the previous run. */
  readonly before?: SeedRecord
  readonly tables: readonly TableCounts[]
  /** Tables in which a trigger changed values of the set. */
  readonly altered: readonly string[]
}

/** Refuses to run seeds while migrations are pending. */
export function refusePending({ pending }: SeedRequest): void {
  if (pending.length === 0) return
  raise('SEEDS.MIGRATIONS_PENDING', {
    message: `${pending.length === 1 ? 'A migration is' : `${pending.length} migrations are`} pending: ${pending.slice(0, 3).join(', ')}${pending.length > 3 ? ', …' : ''}.`,
    why: 'Seeds match the schema that the migrations produce.',
    nextActions: [command(['deploy'], 'apply them, then run the seeds')],
  })
}

/** Refuses a set if the database has a newer version of it. */
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

/** The changes that need consent on a protected target. */
export function destroyedBy(set: SeedSet, counts: readonly TableCounts[]): string[] {
  const named = (one: { table: string; updated: number; deleted: number }) => [
    ...(one.updated > 0
      ? [`values of ${formatRows(one.updated)} of ${one.table} (seed ${set.name})`]
      : []),
    ...(one.deleted > 0 ? [`${formatRows(one.deleted)} of ${one.table} (seed ${set.name})`] : []),
  ]
  return counts.flatMap((one) => [...named(one), ...(one.cascaded ?? []).flatMap(named)])
}

/**
 * Whether the run changed nothing and the ledger already has the set as it is, so that it need not be
 * recorded.
 */
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

/** The number of a set's rows in the database after a run. */
export function rowsOfSet(counts: readonly TableCounts[]): number {
  return counts.reduce((sum, one) => sum + one.inserted + one.updated + one.unchanged, 0)
}
