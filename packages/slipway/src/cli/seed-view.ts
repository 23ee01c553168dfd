import type { SeededSetResult, SetStatusResult } from '../app/index.ts'
import { formatRows } from '../kernel/index.ts'
import { changeBlocks, rowCount } from './sync-view.ts'
import { type Block, heading, type Mark, paragraph, status } from './view.ts'

/** Each set with its tables and the number of rows that were, or would be, written to each. */
export function seededBlocks(
  sets: readonly SeededSetResult[],
  { place, dryRun }: { readonly place: string; readonly dryRun: boolean },
): Block[] {
  if (sets.length === 0) return [paragraph(`No seed set belongs to ${place}.`)]
  const columns = [
    { title: 'table' },
    ...['insert', 'update', 'delete', 'unchanged'].map((title) => ({
      title,
      align: 'right' as const,
    })),
  ]
  return sets.flatMap((set) => [
    heading(`${set.name}, version ${set.version}${sinceOf(set)}`),
    {
      kind: 'table' as const,
      columns,
      rows: set.tables.map(({ table, inserted, updated, deleted, unchanged }) => [
        table,
        ...[inserted, updated, deleted, unchanged].map(rowCount),
      ]),
    },
    ...set.tables.flatMap((table) => changeBlocks({ ...table, rows: table.rows ?? [] })),
    ...set.tables.flatMap(({ cascaded = [] }) => cascaded.flatMap(cascadeLines)),
    summary(set, dryRun),
  ])
}

/** Rows of other tables that are deleted or changed because the set deletes rows. */
function cascadeLines({ table, deleted, updated }: Cascaded): Block[] {
  const line = (rows: number, what: string) =>
    rows === 0 ? [] : [status('warning', `${table}: ${rowCount(rows)} ${what} with deleted rows`)]
  return [...line(deleted, 'deleted'), ...line(updated, 'changed')]
}

type Cascaded = NonNullable<SeededSetResult['tables'][number]['cascaded']>[number]

/** A line for each set. */
export function seededLines(sets: readonly SeededSetResult[]): Block[] {
  return sets.map((set) => summary(set, false))
}

function sinceOf({ version, before }: SeededSetResult): string {
  return before === null || before === version ? '' : ` (the database had ${before})`
}

function summary(set: SeededSetResult, dryRun: boolean): Block {
  const { inserted, updated, deleted } = set
  const written = inserted + updated + deleted
  if (written === 0) return status('done', `${set.name}: nothing to write`)
  const rows = formatRows(written)
  return dryRun
    ? status('pending', `${set.name}: ${rows} would be written`)
    : status('done', `${set.name}: ${rows} written`)
}

const STATES: Readonly<Record<SetStatusResult['status'], readonly [Mark, string]>> = {
  current: ['done', 'ran here in this version'],
  never: ['pending', 'has not run here'],
  edited: ['warning', 'was edited afterwards, without a new version'],
  outdated: ['pending', 'is newer in the files'],
  newer: ['failed', 'is newer in the database'],
  'not-here': ['note', 'does not belong to this environment'],
  missing: ['warning', 'ran here, and is no longer in the project'],
}

/** A line for each set. */
export function setStatusBlocks(sets: readonly SetStatusResult[], place: string): Block[] {
  if (sets.length === 0) return [paragraph(`The project has no seed sets: ${place} gets none.`)]
  return sets.map(({ name, version, status: state, inProject, database: record }) => {
    const [mark, text] = STATES[state]
    const versions = [
      ...(inProject ? [`version ${version}`] : []),
      ...(record
        ? [`here ${record.version} with ${formatRows(record.rows)} since ${record.appliedAt}`]
        : []),
    ]
    return status(mark, `${name} ${text}`, versions.join(', '))
  })
}
