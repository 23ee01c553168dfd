import type {
  SeedFinding,
  SeedOutcome,
  SeedRecord,
  SeedSetStatus,
  TableCounts,
} from '../seeds/index.ts'
import type { ResultFinding } from './outcome.ts'

/** What a run did with a set, or would do. */
export interface SeededSetResult {
  readonly name: string
  readonly version: number
  /** The version that the database had before; null if it had none. */
  readonly before: number | null
  readonly status: 'planned' | 'done'
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  readonly unchanged: number
  readonly tables: readonly TableCounts[]
}

/** The state of a set in the project and in the database. */
export interface SetStatusResult {
  readonly name: string
  readonly version: number
  readonly status: SeedSetStatus['state']
  /** Whether the project has it. */
  readonly inProject: boolean
  /** Its record in the database; null if there is none. */
  readonly database: SeedRecord | null
  readonly environments: readonly string[]
}

/** The sets of a run, with the counts of each table. */
export function seededSets(
  outcomes: readonly SeedOutcome[],
  dryRun: boolean,
): readonly SeededSetResult[] {
  return outcomes.map(({ set, before, tables }) => {
    const sum = (key: 'inserted' | 'updated' | 'deleted' | 'unchanged') =>
      tables.reduce((total, one) => total + one[key], 0)
    return {
      name: set.name,
      version: set.version,
      before: before?.version ?? null,
      status: dryRun ? 'planned' : 'done',
      inserted: sum('inserted'),
      updated: sum('updated'),
      deleted: sum('deleted'),
      unchanged: sum('unchanged'),
      tables,
    }
  })
}

/** The sets of a status or a verification. */
export function setStatuses(statuses: readonly SeedSetStatus[]): readonly SetStatusResult[] {
  return statuses.map(({ name, state, set, record }) => ({
    name,
    version: set?.version ?? record?.version ?? 0,
    status: state,
    inProject: set !== undefined,
    database: record ?? null,
    environments: set?.environments ?? [],
  }))
}

/** Sets that were edited without a new version. */
export function editedFindings(outcomes: readonly SeedOutcome[]): ResultFinding[] {
  return outcomes.flatMap(({ set, before }) =>
    before?.version === set.version && before.checksum !== set.checksum
      ? [
          {
            id: 'seed-edited',
            severity: 'warning' as const,
            message: `${set.name} was edited after it ran here, without a new version: raise its version from ${set.version} to ${set.version + 1}.`,
            where: { file: set.file },
          },
        ]
      : [],
  )
}

/** Tables in which a trigger changed values of a set. */
export function alteredFindings(outcomes: readonly SeedOutcome[]): ResultFinding[] {
  return outcomes.flatMap(({ set, altered }) =>
    altered.map((table) => ({
      id: 'seed-altered',
      severity: 'notice' as const,
      message: `A trigger of ${table} changes values of the set ${set.name}: the rows have the values that the trigger writes.`,
      where: { file: set.file },
    })),
  )
}

const SEVERITIES: Partial<Record<SeedFinding['kind'], ResultFinding['severity']>> = {
  edited: 'warning',
  altered: 'notice',
}

/** The results of a verification, as findings. */
export function seedFindings(found: readonly SeedFinding[]): ResultFinding[] {
  return found.map(({ kind, message }) => ({
    id: `seed-${kind}`,
    severity: SEVERITIES[kind] ?? 'error',
    message,
  }))
}
