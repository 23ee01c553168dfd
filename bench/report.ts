import os from 'node:os'
import path from 'node:path'
import type { Figures } from './figures.ts'
import { type Goal, judge, medianOf, type Results, wallOf } from './goals.ts'
import type { LargeFigures } from './large.ts'
import { table, verdict } from './markdown.ts'
import { measuresMemory } from './measure.ts'
import type { Peer } from './peers/peer.ts'
import { type Outcome, type Scenario, scenarios } from './scenarios.ts'
import type { BenchServer } from './server.ts'

/** All results of a benchmark run. */
export interface BenchReport {
  readonly rounds: number
  readonly server: Pick<BenchServer, 'version' | 'commitMs'>
  readonly peers: readonly Peer[]
  readonly results: Results
  readonly figures: Figures | undefined
  readonly large: LargeFigures | undefined
}

/** The results as Markdown: goals first, then every scenario, then how it was measured. */
export function renderReport(report: BenchReport): string {
  const ran = scenarios.filter(({ id }) => report.results.has(id))
  return [
    '# Benchmark results',
    `Written by \`npm run bench\`; do not edit. Times are medians of ${report.rounds} runs of whole processes.`,
    goalsSection(judge(report)),
    ...ran.map((scenario) => scenarioSection(scenario, report)),
    figuresSection(report.figures),
    largeSection(report.large),
    conditionsSection(report),
  ]
    .filter((section) => section !== '')
    .join('\n\n')
    .concat('\n')
}

function goalsSection(goals: readonly Goal[]): string {
  const said = ({ reached }: Goal) => (reached === undefined ? '–' : verdict(reached))
  const rows = goals.map((goal) => [goal.text, goal.measured, said(goal)])
  return `## Goals\n\n${table(['goal', 'measured', 'reached'], rows)}`
}

function scenarioSection({ id, title }: Scenario, { peers, results }: BenchReport): string {
  const slipway = wallOf(results, id, 'slipway')
  const floor = wallOf(results, id, 'psql')
  const rows = peers.flatMap(({ name }) => {
    const outcome = results.get(id)?.get(name)
    if (outcome === undefined) return []
    if (!outcome.ok) return [[name, `failed: ${oneLine(outcome.reason)}`, '', '', '', '', '']]
    const wall = wallOf(results, id, name)
    return [
      [
        name,
        milliseconds(wall),
        spread(outcome),
        ratio(wall, slipway),
        ratio(wall, floor),
        milliseconds(medianOf(results, id, name, (run) => run.cpuMs)),
        megabytes(medianOf(results, id, name, (run) => run.peakKiB)),
      ],
    ]
  })
  const head = ['', 'time, ms', 'least–most', '× slipway', '× psql', 'CPU, ms', 'peak, MB']
  return `## ${title}\n\n${table(head, rows)}`
}

function figuresSection(figures: Figures | undefined): string {
  if (!figures) return ''
  const rows = [
    ['`status`, 820 migrations of a real project applied', milliseconds(figures.statusMs)],
    ['`deploy`, nothing pending of 1,000, in turn with it', milliseconds(figures.pendingMs)],
    ['shadow, from its start to its first answer', milliseconds(figures.shadowMs)],
    ['`create` on a schema of one model, no cache', milliseconds(figures.createMs)],
    ['second and later `create` on 820 migrations', milliseconds(figures.laterCreateMs)],
    ['`deploy` of one migration on 820', milliseconds(figures.deployOneMs)],
    ['`rollback` of it, in turn with it', milliseconds(figures.rollbackOneMs)],
    ['`rollback --steps 5`', milliseconds(figures.rollbackFiveMs)],
    ['`check` of one migration on 820, warm', milliseconds(figures.checkOneMs)],
    ['`drift` unchanged, in turn with `status`', milliseconds(figures.driftMs)],
  ]
  const gaps = figures.gaps.map((gap) => `- not measured: ${oneLine(gap)}`)
  return ['## Slipway’s other commands', table(['', 'time, ms'], rows), gaps.join('\n')]
    .filter((part) => part !== '')
    .join('\n\n')
}

function largeSection(large: LargeFigures | undefined): string {
  if (!large) return ''
  const rows = [...large.steps].map(([step, { wallMs, cpuMs, peakKiB }]) => [
    `\`${step}\``,
    milliseconds(wallMs),
    milliseconds(cpuMs),
    megabytes(peakKiB),
  ])
  const gaps = large.gaps.map((gap) => `- not measured: ${oneLine(gap)}`)
  const text =
    'A migration that adds one column: deployed, looked for drift, checked and rolled back. `baseline` records the history of the tables.'
  return [
    `## 5,000 tables`,
    text,
    table(['', 'time, ms', 'CPU, ms', 'peak, MB'], rows),
    gaps.join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function conditionsSection(report: BenchReport): string {
  const { peers, server } = report
  const cpus = os.cpus()
  const memory = (os.totalmem() / 1e9).toFixed(0)
  const version = (peer: Peer) => peer.version ?? 'not on this machine'
  return [
    '## Conditions',
    table(
      ['peer', 'version', 'how it runs', 'command'],
      peers.map((peer) => [peer.name, version(peer), peer.note, `\`${commandLine(peer)}\``]),
    ),
    [
      `- Machine: ${cpus.length} × ${cpus[0]?.model ?? 'unknown'}, ${memory} GB, ${os.type()} ${os.release()}, ${os.arch()}.`,
      `- Node.js ${process.versions.node}. PostgreSQL ${server.version}, a separate server on the same machine, with the defaults for durability (fsync on); a committed INSERT takes ${server.commitMs.toFixed(2)} ms.`,
      '- Each migration is one CREATE TABLE (three columns, a primary key) and one CREATE INDEX, in the peer’s own format. Every run except those with nothing pending has a new, empty database, whose creation is not timed; afterwards its tables and indexes are counted.',
      '- The peers run in turn, each round beginning with a different one. The libraries are called from programs of a few lines, without the cost of their command lines.',
      measuresMemory
        ? '- CPU and peak memory are those of the process, measured by GNU time, without the server’s.'
        : '- CPU and memory were not measured: this machine has no GNU time (Debian: `apt-get install time`).',
    ].join('\n'),
    `To repeat it: \`npm ci\`, then \`npm run bench\` (options: \`node bench/run.ts --help\`). It needs PostgreSQL's server and \`psql\` on the machine.`,
  ].join('\n\n')
}

/** The command line of a peer, with paths relative to the root of the project. */
function commandLine(peer: Peer): string {
  const { program, args, env } = peer.command('<folder>', '<url>')
  const shown = program === process.execPath ? 'node' : program
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const root = `${path.dirname(import.meta.dirname)}${path.sep}`
  return [...variables, shown, ...args].join(' ').replaceAll(root, '')
}

function spread(outcome: Outcome): string {
  if (!outcome.ok) return ''
  const times = outcome.samples.map(({ wallMs }) => wallMs)
  return `${Math.min(...times).toFixed(0)}–${Math.max(...times).toFixed(0)}`
}

function ratio(value: number | undefined, base: number | undefined): string {
  return value === undefined || base === undefined ? '–' : (value / base).toFixed(2)
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '–' : value.toFixed(0)
}

function megabytes(kibibytes: number | undefined): string {
  return kibibytes === undefined ? '–' : ((kibibytes * 1024) / 1e6).toFixed(0)
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').slice(0, 200)
}
