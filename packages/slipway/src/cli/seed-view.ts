import type { SeedFinding, SeedOutcome, SeedSet, SeedSetStatus } from '../seeds/index.ts'
import type { Finding } from './command.ts'
import { changeBlocks } from './sync-view.ts'
import { type Block, heading, type Mark, paragraph, status } from './view.ts'

/** A set in a result; its keys are a promise to scripts. */
export interface SeedResult {
  readonly name: string
  readonly version: number
  readonly status: string
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  readonly unchanged: number
}

/** The `sets` of a run, with what became of each table. */
export function outcomeResults(outcomes: readonly SeedOutcome[], dryRun: boolean) {
  return outcomes.map(({ set, tables }) => ({
    name: set.name,
    version: set.version,
    status: dryRun ? 'planned' : 'done',
    ...sumOf(tables),
    tables,
  }))
}

type Counts = Pick<SeedResult, 'inserted' | 'updated' | 'deleted' | 'unchanged'>

function sumOf(tables: readonly Counts[]): Counts {
  const sum = (key: keyof Counts) => tables.reduce((total, one) => total + one[key], 0)
  return {
    inserted: sum('inserted'),
    updated: sum('updated'),
    deleted: sum('deleted'),
    unchanged: sum('unchanged'),
  }
}

/** Each set with its tables, and how many rows of each were, or would be, written. */
export function outcomeBlocks(
  outcomes: readonly SeedOutcome[],
  { place, dryRun }: { readonly place: string; readonly dryRun: boolean },
): Block[] {
  if (outcomes.length === 0) return [paragraph(`No seed set belongs to ${place}.`)]
  const columns = [
    { title: 'table' },
    ...['insert', 'update', 'delete', 'unchanged'].map((title) => ({
      title,
      align: 'right' as const,
    })),
  ]
  return outcomes.flatMap(({ set, before, tables }) => [
    heading(`${set.name}, version ${set.version}${sinceOf(set, before?.version)}`),
    {
      kind: 'table' as const,
      columns,
      rows: tables.map(({ table, inserted, updated, deleted, unchanged }) => [
        table,
        ...[inserted, updated, deleted, unchanged].map(count),
      ]),
    },
    ...tables.flatMap((table) => changeBlocks({ ...table, rows: table.rows ?? [] })),
    summary(set, tables, dryRun),
  ])
}

/** A line for each set. */
export function outcomeLines(outcomes: readonly SeedOutcome[]): Block[] {
  return outcomes.map(({ set, tables }) => summary(set, tables, false))
}

function sinceOf({ version }: SeedSet, before: number | undefined): string {
  return before === undefined || before === version ? '' : ` (the database had ${before})`
}

function count(rows: number): string {
  return rows === 0 ? '·' : rows.toLocaleString('en-US')
}

function summary(set: SeedSet, tables: readonly Counts[], dryRun: boolean): Block {
  const { inserted, updated, deleted } = sumOf(tables)
  const written = inserted + updated + deleted
  if (written === 0) return status('done', `${set.name}: nothing to write`)
  const rows = `${written.toLocaleString('en-US')} ${written === 1 ? 'row' : 'rows'}`
  return dryRun
    ? status('pending', `${set.name}: ${rows} would be written`)
    : status('done', `${set.name}: ${rows} written`)
}

/** A set that was edited without a new version. */
export function editedFindings(outcomes: readonly SeedOutcome[]): Finding[] {
  return outcomes.flatMap(({ set, before }) =>
    before?.version === set.version && before.checksum !== set.checksum
      ? [
          {
            id: 'seed-edited',
            severity: 'warning' as const,
            message: `${set.name} was edited since it ran here, under the same version: raise it from ${set.version} to ${set.version + 1}.`,
            where: { file: set.file },
          },
        ]
      : [],
  )
}

const STATES: Readonly<Record<SeedSetStatus['state'], readonly [Mark, string]>> = {
  current: ['done', 'is as in the files'],
  never: ['pending', 'has not run here'],
  edited: ['warning', 'was edited since, under the same version'],
  outdated: ['pending', 'is newer in the files'],
  newer: ['failed', 'is newer in the database'],
  'not-here': ['note', 'does not belong here'],
  missing: ['warning', 'ran here, and is no longer in the project'],
}

/** A line for each set. */
export function statusBlocks(statuses: readonly SeedSetStatus[], place: string): Block[] {
  if (statuses.length === 0) return [paragraph(`The project has no seed sets: ${place} gets none.`)]
  return statuses.map(({ name, state, set, record }) => {
    const [mark, text] = STATES[state]
    const versions = [
      ...(set ? [`version ${set.version}`] : []),
      ...(record
        ? [
            `here ${record.version} with ${count(record.rows)} ${record.rows === 1 ? 'row' : 'rows'} since ${record.appliedAt}`,
          ]
        : []),
    ]
    return status(mark, `${name} ${text}`, versions.join(', '))
  })
}

/** The `sets` of a status or a verification. */
export function statusResults(statuses: readonly SeedSetStatus[]) {
  return statuses.map(({ name, state, set, record }) => ({
    name,
    version: set?.version ?? record?.version ?? 0,
    status: state,
    database: record ?? null,
    environments: set?.environments ?? [],
  }))
}

/** What a verification found, as findings. */
export function seedFindings(found: readonly SeedFinding[]): Finding[] {
  return found.map(({ kind, message }) => ({
    id: `seed-${kind}`,
    severity: kind === 'edited' ? 'warning' : 'error',
    message,
  }))
}
