import { table } from '../markdown.ts'
import type { Trace } from './main.ts'

interface Conditions {
  readonly rounds: number
  /** Of PostgreSQL. */
  readonly version: string
}

/** The section of RESULTS.md. */
export function traceSection(traces: readonly Trace[], { rounds, version }: Conditions): string {
  return [
    '## Where the time goes',
    'Of the commands that miss a goal. Milliseconds, with shares of the whole.',
    '### By the log of the target’s server',
    table(
      ['', 'whole', 'before it connects', 'server executes', 'between statements', 'after it'],
      traces.map(({ name, wallMs, timeline }) => [
        name,
        wallMs.toFixed(0),
        ...(timeline
          ? [timeline.beforeMs, timeline.serverMs, timeline.betweenMs, timeline.afterMs].map((ms) =>
              share(ms, wallMs),
            )
          : ['–', '–', '–', '–']),
      ]),
    ),
    '### By the CPU profile of the command',
    table(
      ['', 'waits', 'loads modules', 'most time in'],
      traces.map(({ name, shares }) => {
        const whole = [...shares.values()].reduce((sum, ms) => sum + ms, 0)
        const own = [...shares]
          .filter(([what]) => what !== 'waits' && what !== 'loads modules')
          .toSorted(([, one], [, other]) => other - one)
          .slice(0, 4)
          .map(([what, ms]) => `${what} ${share(ms, whole)}`)
        const of = (what: string) => share(shares.get(what) ?? 0, whole)
        return [name, of('waits'), of('loads modules'), own.join(', ')]
      }),
    ),
    `- The run of median time of ${rounds}, after one that fills the caches, with a CPU profile and a log of all statements, which cost time themselves: these are not the times of the goals.`,
    '- “Waits” is for a server, for the disk or for another process: the target, the shadow database, or Prisma’s schema engine. “Before it connects” is the start of Node.js, modules, the configuration and the migration files.',
    `- PostgreSQL ${version}. To repeat it: \`npm run build && node bench/run.ts trace\`.`,
  ].join('\n\n')
}

function share(ms: number, whole: number): string {
  return `${ms.toFixed(0)} (${((ms / whole) * 100).toFixed(0)} %)`
}
