// Measures Slipway and its peers. `npm run bench` builds first; `--help` names the options.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { installPeers } from './install.ts'
import type { Options } from './options.ts'
import type { Outcomes, Scenario } from './scenarios.ts'
import type { BenchServer } from './server.ts'

// Installed before the peers are loaded, because each reads its version from the installed package.
installPeers()
const { measureFigures } = await import('./figures.ts')
const { measureLarge } = await import('./large.ts')
const { readOptions, usage } = await import('./options.ts')
const { renderReport } = await import('./report.ts')
const { writeReport } = await import('./results.ts')
const { runScenario } = await import('./scenarios.ts')
const { withServer } = await import('./server.ts')

await main(process.argv.slice(2))

async function main(argv: readonly string[]): Promise<void> {
  const [first, ...rest] = argv
  if (first === 'load') return await underLoad(rest)
  if (first === 'seeds') return await runSeeds(rest)
  if (first === 'backups') return await ofBackups(rest)
  if (first === 'd1') return await ofD1(rest)
  if (first === 'trace') return await ofTrace(rest)
  await (first === 'proof' ? runProofBenchmark(rest) : runPeers(argv))
}

async function runPeers(argv: readonly string[]): Promise<void> {
  const options = argv.includes('--help') ? usage : readOptions(argv)
  if (typeof options === 'string') return refuse(options, options === usage)
  const report = await onServer((server, folder) => run(options, server, folder))
  process.stdout.write(report)
  if (options.whole) writeReport(report)
}

async function underLoad(argv: readonly string[]): Promise<void> {
  const { loadUsage, readLoadOptions } = await import('./load/options.ts')
  const options = argv.includes('--help') ? loadUsage : readLoadOptions(argv)
  if (typeof options === 'string') return refuse(options, options === loadUsage)
  const { runLoad } = await import('./load/main.ts')
  process.stdout.write(await onServer((server, folder) => runLoad(options, server, folder)))
}

async function runProofBenchmark(argv: readonly string[]): Promise<void> {
  const { proofUsage, readProofOptions } = await import('./proof/options.ts')
  const options = argv.includes('--help') ? proofUsage : readProofOptions(argv)
  if (typeof options === 'string') return refuse(options, options === proofUsage)
  const { runProof } = await import('./proof/main.ts')
  process.stdout.write(await onServer((server, folder) => runProof(options, server, folder)))
}

async function runSeeds(argv: readonly string[]): Promise<void> {
  const { readSeedsOptions, seedsUsage } = await import('./seeds/options.ts')
  const options = argv.includes('--help') ? seedsUsage : readSeedsOptions(argv)
  if (typeof options === 'string') return refuse(options, options === seedsUsage)
  const { runSeedsBench } = await import('./seeds/main.ts')
  process.stdout.write(await onServer((server, folder) => runSeedsBench(options, server, folder)))
}

async function ofBackups(argv: readonly string[]): Promise<void> {
  const { backupsUsage, readBackupsOptions } = await import('./backups/options.ts')
  const options = argv.includes('--help') ? backupsUsage : readBackupsOptions(argv)
  if (typeof options === 'string') return refuse(options, options === backupsUsage)
  const { runBackups } = await import('./backups/main.ts')
  process.stdout.write(await onServer((server, folder) => runBackups(options, server, folder)))
}

async function ofD1(argv: readonly string[]): Promise<void> {
  const { d1Usage, readD1Options } = await import('./d1/options.ts')
  const options = argv.includes('--help') ? d1Usage : readD1Options(argv)
  if (typeof options === 'string') return refuse(options, options === d1Usage)
  const { runD1 } = await import('./d1/main.ts')
  process.stdout.write(await runD1(options, makeFolder()))
}

async function ofTrace(argv: readonly string[]): Promise<void> {
  const { readTraceOptions, traceUsage } = await import('./trace/options.ts')
  const options = argv.includes('--help') ? traceUsage : readTraceOptions(argv)
  if (typeof options === 'string') return refuse(options, options === traceUsage)
  const { runTrace } = await import('./trace/main.ts')
  const { LOG_SETTINGS } = await import('./trace/timeline.ts')
  const section = await onServer(
    (server, folder) => runTrace(options, server, folder),
    LOG_SETTINGS,
  )
  process.stdout.write(section)
}

function refuse(message: string, asked: boolean): void {
  process.stderr.write(`${message}\n`)
  process.exitCode = asked ? 0 : 2
}

/** Runs work with a server and a folder that end with it. */
async function onServer(
  work: (server: BenchServer, folder: string) => Promise<string>,
  settings: Readonly<Record<string, string>> = {},
): Promise<string> {
  const folder = makeFolder()
  return await withServer((server) => work(server, folder), settings)
}

/** A folder that is removed when this process ends. */
function makeFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'slipway-bench-'))
  // Slipway's caches are created in this folder, and removed with it.
  chmodSync(folder, 0o711)
  process.env.TMPDIR = folder
  // An orderly exit ends the server and removes the folder, also if the run is interrupted.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))
  return folder
}

/** Measures everything that the options select; the exit code is 1 if something could not be measured. */
async function run(options: Options, server: BenchServer, folder: string): Promise<string> {
  const { peers, rounds } = options
  const onRun = (line: string) => void process.stderr.write(`${line}\n`)
  const absent = peers.filter(({ version }) => version === undefined)
  for (const { name, absence } of absent) onRun(`${name} is left out: ${absence}`)

  const conditions = { server, rounds, folder, onRun }
  const results = new Map<Scenario['id'], Outcomes>()
  for (const scenario of options.scenarios) {
    results.set(scenario.id, await runScenario(scenario, { ...conditions, peers }))
  }
  const built = absent.every(({ kind }) => kind !== 'slipway')
  const figures = options.figures && built ? await measureFigures(conditions) : undefined
  const large = options.large && built ? await measureLarge(conditions) : undefined
  const outcomes = [...results.values()].flatMap((ofScenario) => [...ofScenario.values()])
  const complete = outcomes.every(({ ok }) => ok) && !figures?.gaps.length && !large?.gaps.length
  if (!complete) process.exitCode = 1
  return renderReport({ rounds, server, peers, results, figures, large })
}
