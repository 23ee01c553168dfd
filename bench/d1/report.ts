import { table, verdict } from '../markdown.ts'
import { median } from '../statistics.ts'
import type { D1Runs } from './run.ts'

/** The results as a Markdown section: goals first, then the figures, then how they were measured. */
export function d1Section(
  runs: readonly D1Runs[],
  { rounds, migrations }: { readonly rounds: number; readonly migrations: number },
): string {
  const msOf = ({ samples }: D1Runs) => median(samples.map(({ wallMs }) => wallMs))
  const goal = (text: string, situation: D1Runs['situation'], least: number) => {
    const [slipway = NaN, theirs = NaN] = runs
      .filter((one) => one.situation === situation)
      .toSorted((one, other) => one.name.localeCompare(other.name))
      .map(msOf)
    const found = theirs / slipway
    return [
      text,
      `${theirs.toFixed(0)} ms / ${slipway.toFixed(0)} ms = ${found.toFixed(1)}`,
      verdict(found >= least),
    ]
  }
  return [
    '## Cloudflare D1, local',
    `Medians of ${rounds} runs each, whole processes, in turn. Written by \`npm run bench -- d1\`; do not edit.`,
    table(
      ['goal', 'measured', 'reached'],
      [
        goal('nothing pending: 8 × as fast as wrangler', 'nothing pending', 8),
        goal(`${migrations} pending: 15 × as fast as wrangler`, 'pending', 15),
      ],
    ),
    table(
      ['', 'ms', 'of each run', 'peak, MB'],
      runs.map((one) => [
        `${one.name}, ${one.situation}`,
        msOf(one).toFixed(0),
        one.samples.map(({ wallMs }) => wallMs.toFixed(0)).join(', '),
        ((Math.max(...one.samples.map(({ peakKiB = NaN }) => peakKiB)) * 1024) / 1e6).toFixed(0),
      ]),
    ),
    'Slipway tests each migration on a copy of the schema, compares rows and values before and after, and records both histories. wrangler starts the Workers runtime, and does none of this. Peak memory is that of the largest process.',
  ].join('\n\n')
}
