import os from 'node:os'
import { table, verdict } from '../markdown.ts'
import { type Case, cases } from './cases.ts'
import { type Entrant, entrants } from './entrants.ts'
import type { LoadRun } from './run.ts'

const MOST_MS = 250
const LEAST_RATIO = 10

/** The conditions of a run. */
export interface LoadReport {
  readonly rows: number
  readonly rounds: number
  readonly server: { readonly version: string }
  /** The load average of the machine over five minutes, before the run. */
  readonly loadBefore: number
}

/** The results as a Markdown section: goals first, then each migration, then how it was measured. */
export function loadSection(
  runs: readonly LoadRun[],
  { rows, rounds, server, loadBefore }: LoadReport,
): string {
  return [
    '## Under load',
    `The longest stall of an application's queries while a migration of a table of ${rows.toLocaleString('en-US')} rows runs: the worst of ${rounds} runs each, in milliseconds. Written by \`npm run bench -- load\`; do not edit.`,
    table(['goal', 'measured', 'reached'], goals(runs)),
    ...cases.map((one) => caseTable(one, runs)),
    conditions(server.version, loadBefore),
  ].join('\n\n')
}

/** The worst wait of any query in a run. */
function stallOf({ readMs, writeMs, longReadMs }: LoadRun): number {
  return Math.max(readMs, writeMs, longReadMs)
}

function worst(runs: readonly LoadRun[], id: Case['id'], name: Entrant['name']): number {
  const own = runs.filter((run) => run.case === id && run.entrant === name)
  return Math.max(...own.map(stallOf))
}

function goals(runs: readonly LoadRun[]): string[][] {
  return cases.flatMap(({ id, title }) => {
    const slipway = worst(runs, id, 'slipway')
    const theirs = Math.max(worst(runs, id, 'psql'), worst(runs, id, 'prisma-engine'))
    const ratio = theirs / slipway
    return [
      [`${title}: under ${MOST_MS} ms`, `${whole(slipway)} ms`, verdict(slipway < MOST_MS)],
      [
        `${title}: at least ${LEAST_RATIO} × shorter than the others' worst`,
        `${whole(theirs)} ms / ${whole(slipway)} ms = ${ratio.toFixed(1)}`,
        verdict(ratio >= LEAST_RATIO),
      ],
    ]
  })
}

function caseTable({ id, title }: Case, runs: readonly LoadRun[]): string {
  const lines = entrants.map(({ name }) => {
    const own = runs.filter((run) => run.case === id && run.entrant === name)
    const most = (read: (run: LoadRun) => number) => whole(Math.max(...own.map(read)))
    return [
      name,
      most(stallOf),
      own.map((run) => whole(stallOf(run))).join(', '),
      most((run) => run.readMs),
      most((run) => run.writeMs),
      most((run) => run.longReadMs),
      most((run) => run.beforeMs),
      most((run) => run.failed),
      most((run) => run.wallMs),
    ]
  })
  const head = [
    '',
    'longest stall',
    'of each run',
    'point reads',
    'point writes',
    'long reader',
    'before it',
    'failed',
    'whole process',
  ]
  return `### ${title}\n\n${table(head, lines)}`
}

function conditions(version: string, loadBefore: number): string {
  return [
    ...entrants.map(({ name, note }) => `- ${name}: ${note}.`),
    '- The workload is that of `slipway check --load`: on each of two tables a session that reads a row by its key and one that writes one, with 2 ms between two queries, and a session that reads both tables and keeps its transaction open for a second, with half a second between. Each query is timed by its client. Before a run the workload has run by itself for two seconds ("before it"), and half a second more in each further round, so that the migration meets the long reader at different points.',
    `- PostgreSQL ${version}, with the defaults for durability, on the same machine as the clients: ${os.cpus().length} CPUs, with a load average of ${loadBefore.toFixed(1)} before the run. The figures include the effect of other processes on the machine. After each run, the constraint or index is checked and rolled back, and the table is vacuumed.`,
  ].join('\n')
}

function whole(value: number): string {
  return value.toFixed(0)
}
