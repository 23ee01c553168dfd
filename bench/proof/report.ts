import { table, verdict } from '../markdown.ts'
import { median } from '../statistics.ts'
import type { Runs } from './check.ts'
import type { KeepRuns } from './keep.ts'

/** All results of the benchmark of proofs. */
export interface ProofFigures {
  readonly check: readonly Runs[]
  readonly judgement: readonly Runs[]
  readonly keeping: readonly KeepRuns[]
}

/** The results as a Markdown section: goals first, then the figures, then how they were measured. */
export function proofSection(
  figures: ProofFigures,
  { rounds, version }: { readonly rounds: number; readonly version: string },
): string {
  const { check, judgement, keeping } = figures
  return [
    '## Proof and keeping',
    `Medians of ${rounds} runs each. Written by \`npm run bench -- proof\`; do not edit.`,
    table(['goal', 'measured', 'reached'], goalsOf(figures)),
    '### `check` of the newest of 820 migrations (trigger)',
    runsTable(check),
    '### 434 migrations (langfuse) judged by their text',
    runsTable(judgement),
    '### Keeping',
    table(
      ['', 'ms', 'of each run', 'longest read beside it', 'longest insert'],
      keeping.map(({ name, ms, stalls }) => [
        name,
        whole(median(ms)),
        ms.map(whole).join(', '),
        stallOf(stalls.map(({ readMs }) => readMs)),
        stallOf(stalls.map(({ writeMs }) => writeMs)),
      ]),
    ),
    conditions(version),
  ].join('\n\n')
}

function goalsOf({ check, judgement, keeping }: ProofFigures): string[][] {
  const wall = (runs: readonly Runs[], name: string) =>
    median(runs.find((one) => one.name === name)?.samples.map(({ wallMs }) => wallMs) ?? [])
  const [slipway] = judgement
  const peak = Math.max(...(slipway?.samples.flatMap(({ peakKiB }) => peakKiB ?? []) ?? [])) / 1024
  const judged = wall(judgement, slipway?.name ?? '')
  const [small, large, column, copy, deleted, bareDelete, , , updated, bareUpdate] = keeping.map(
    ({ ms }) => median(ms),
  )
  return [
    below(
      '`check` of what `create` wrote, warm, local server: under 1 s',
      wall(check, 'warm, local server, with its down.sql'),
      1000,
    ),
    below('the same without a `down.sql`', wall(check, 'warm, local server'), 1000),
    below('`check`, warm, embedded: under 2 s', wall(check, 'warm, embedded'), 2000),
    below('`check`, cold: under 60 s', wall(check, 'cold, embedded'), 60_000),
    below('434 migrations judged: under 500 ms', judged, 500),
    below('434 migrations judged: under 300 MB', peak, 300, 'MB'),
    below('DROP TABLE kept, small: under 20 ms', small, 20),
    below('DROP TABLE kept, large: under 20 ms', large, 20),
    ratio('DROP COLUMN kept: at most 2 × CREATE TABLE AS', column, copy, 2),
    ratio('DELETE of all rows kept: at most 2.2 × the bare DELETE', deleted, bareDelete, 2.2),
    ratio('UPDATE of all rows kept: at most 2.2 × the bare UPDATE', updated, bareUpdate, 2.2),
  ]
}

/** The median of the longest waits; empty if there were no other sessions. */
function stallOf(longest: readonly number[]): string {
  return longest.length === 0 ? '' : whole(median(longest))
}

function below(goal: string, measured: number | undefined, most: number, group = 'ms'): string[] {
  const known = measured !== undefined && Number.isFinite(measured)
  return known
    ? [goal, `${whole(measured)} ${group}`, verdict(measured < most)]
    : [goal, 'not measured', '']
}

function ratio(
  goal: string,
  part: number | undefined,
  base: number | undefined,
  most: number,
): string[] {
  if (part === undefined || base === undefined) return [goal, 'not measured', '']
  const measured = `${whole(part)} ms / ${whole(base)} ms = ${(part / base).toFixed(2)}`
  return [goal, measured, verdict(part / base <= most)]
}

function runsTable(runs: readonly Runs[]): string {
  const rows = runs.map(({ name, samples }) => {
    const peaks = samples.flatMap(({ peakKiB }) => peakKiB ?? [])
    return [
      name,
      whole(median(samples.map(({ wallMs }) => wallMs))),
      samples.map(({ wallMs }) => whole(wallMs)).join(', '),
      peaks.length === 0 ? '' : whole(Math.max(...peaks) / 1024),
    ]
  })
  return table(['', 'ms', 'of each run', 'peak memory, MB'], rows)
}

function whole(value: number): string {
  return value < 10 ? value.toFixed(1) : value.toFixed(0)
}

function conditions(version: string): string {
  return [
    `- \`check\`: a whole process; without a \`down.sql\` the down migration is written, too. Warm: the replayed history is in \`.slipway\`. The memory is that of the process, without a private server's.`,
    '- squawk: its native binary on the same files, in turn with Slipway. It judges each file by itself; Slipway knows what the earlier files created.',
    '- Keeping: the time in the receipt of `slipway deploy`, from sending the migration until it is committed. `CREATE TABLE AS` and bare statements are timed by their client, on a table of the same rows. Beside others: one session reads a row of the table by its key, another inserts rows; the median of the longest waits of each run.',
    `- PostgreSQL ${version}, with the defaults for durability.`,
  ].join('\n')
}
