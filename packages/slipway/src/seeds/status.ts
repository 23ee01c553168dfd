import { belongs, type EnvironmentSeeds } from './choose.ts'
import type { SeedRecord } from './ledger.ts'
import type { SeedSet } from './set.ts'

/**
 * The state of a set on a database: `never` ran, `current`, `edited` without a new version, `outdated` (the
 * files are newer), `newer` (the database is), `not-here` (not for this environment), `missing` (no longer in
 * the project).
 */
export type SeedState =
  | 'never'
  | 'current'
  | 'edited'
  | 'outdated'
  | 'newer'
  | 'not-here'
  | 'missing'

/** A set in the files, in a database, or in both. */
export interface SeedSetStatus {
  readonly name: string
  readonly state: SeedState
  readonly set?: SeedSet
  readonly record?: SeedRecord
}

/** Compares the sets of a project with the ledger of a database. Pure; does not compare rows. */
export function seedStatus(
  sets: readonly SeedSet[],
  records: readonly SeedRecord[],
  of: EnvironmentSeeds,
): readonly SeedSetStatus[] {
  const present = sets.map((set): SeedSetStatus => {
    const record = records.find(({ name }) => name === set.name)
    const state = record ? compared(set, record) : belongs(set, of) ? 'never' : 'not-here'
    return { name: set.name, state, set, ...(record ? { record } : {}) }
  })
  const gone = records
    .filter(({ name }) => !sets.some((set) => set.name === name))
    .map((record): SeedSetStatus => ({ name: record.name, state: 'missing', record }))
  return [...present, ...gone]
}

function compared(set: SeedSet, { version, checksum }: SeedRecord): SeedState {
  if (version > set.version) return 'newer'
  if (version < set.version) return 'outdated'
  return checksum === set.checksum ? 'current' : 'edited'
}
