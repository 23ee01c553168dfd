import { table, verdict } from '../markdown.ts'
import { median } from '../statistics.ts'
import type { SeedRuns } from './run.ts'

/** The results: for one table, and for the same table with two child rows for each row. */
export interface SeedFigures {
  readonly one: readonly SeedRuns[]
  readonly three: readonly SeedRuns[]
}

interface Conditions {
  readonly rows: number
  readonly rounds: number
  readonly version: string
}

/** The results as a Markdown section: goals first, then the figures, then how they were measured. */
export function seedsSection(
  { one, three }: SeedFigures,
  { rows, rounds, version }: Conditions,
): string {
  const count = (factor: number) => (rows * factor).toLocaleString('en-US')
  return [
    '## Seeds',
    `Whole processes, medians of ${rounds} runs; drizzle and createMany ran once. Written by \`npm run bench -- seeds\`; do not edit.`,
    table(['goal', 'measured', 'reached'], goalsOf({ one, three })),
    `### ${count(1)} carriers`,
    runsTable(one),
    `### ${count(1)} carriers with two contacts each, ${count(3)} rows`,
    runsTable(three),
    `- slipway: \`slipway seed run\` of a set whose rows come from a generator. "Through the merge": each table already has one row that is not part of the set.
- Each run loads into a new database, whose rows are counted afterwards.
- PostgreSQL ${version}, with the defaults for durability, on the same machine.`,
  ].join('\n\n')
}

function wall(runs: readonly SeedRuns[], id: SeedRuns['id']): number | undefined {
  const own = runs.find((run) => run.id === id)
  return own && median(own.samples.map(({ wallMs }) => wallMs))
}

function peakOf(runs: readonly SeedRuns[]): number {
  const slipway = runs.filter(({ id }) => ['fresh', 'merge', 'second'].includes(id))
  return Math.max(
    ...slipway.flatMap(({ samples }) => samples.flatMap(({ peakKiB }) => peakKiB ?? [])),
  )
}

function goalsOf({ one, three }: SeedFigures): string[][] {
  const kinds = [
    ['one table', one],
    ['three rows each', three],
  ] as const
  const goals = kinds.flatMap(([name, runs]) => [
    atMost(`${name}: fresh load at most 1.15 × \`psql \\copy\``, runs, ['fresh', 'psql'], 1.15),
    atMost(`${name}: through the merge at most 2 × \`psql \\copy\``, runs, ['merge', 'psql'], 2),
    atMost(`${name}: a second run at most 0.7 × the first`, runs, ['second', 'fresh'], 0.7),
    atMost(`${name}: the same beside the merge`, runs, ['second', 'merge'], 0.7),
  ])
  const peak = Math.max(peakOf(one), peakOf(three)) / 1024
  return [
    ...goals,
    faster('at least 30 × faster than `createMany`', one),
    ['peak memory under 200 MB', `${peak.toFixed(0)} MB`, verdict(peak < 200)],
  ]
}

function atMost(
  goal: string,
  runs: readonly SeedRuns[],
  [part, base]: readonly [SeedRuns['id'], SeedRuns['id']],
  most: number,
): string[] {
  const [above, below] = [wall(runs, part), wall(runs, base)]
  if (above === undefined || below === undefined) return [goal, 'not measured', '']
  const text = `${seconds(above)} / ${seconds(below)} = ${(above / below).toFixed(2)}`
  return [goal, text, verdict(above / below <= most)]
}

function faster(goal: string, runs: readonly SeedRuns[]): string[] {
  const [theirs, slipway] = [wall(runs, 'createMany'), wall(runs, 'fresh')]
  if (theirs === undefined || slipway === undefined) return [goal, 'not measured', '']
  const text = `${seconds(theirs)} / ${seconds(slipway)} = ${(theirs / slipway).toFixed(1)}`
  return [goal, text, verdict(theirs / slipway >= 30)]
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}

function runsTable(runs: readonly SeedRuns[]): string {
  const rows = runs.map(({ title, samples }) => {
    const peaks = samples.flatMap(({ peakKiB }) => peakKiB ?? [])
    return [
      title,
      seconds(median(samples.map(({ wallMs }) => wallMs))),
      samples.map(({ wallMs }) => seconds(wallMs)).join(', '),
      peaks.length === 0 ? '' : (Math.max(...peaks) / 1024).toFixed(0),
    ]
  })
  return table(['', 'time', 'of each run', 'peak memory, MB'], rows)
}
