import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { prepareLarge } from '../large.ts'
import { measure } from '../measure.ts'
import { writePrismaProject } from '../peers/prisma-project.ts'
import { slipwayCommand } from '../peers/slipway.ts'
import { copyProject } from '../proof/corpus.ts'
import { writeSection } from '../results.ts'
import type { BenchServer } from '../server.ts'
import type { Size } from '../size.ts'
import { migrationsOf } from '../work.ts'
import { readShares, type Shares } from './profile.ts'
import { traceSection } from './report.ts'
import { readTimeline, type Timeline } from './timeline.ts'

/** One run of a command, and where its time went. */
export interface Trace {
  readonly name: string
  readonly wallMs: number
  /** Absent if the command does not connect to the target. */
  readonly timeline?: Timeline
  readonly shares: Shares
}

interface TraceRun {
  readonly server: BenchServer
  readonly folder: string
  readonly rounds: number
  /** The file to which the server writes its statements. */
  readonly log: string
}

/** Traces the commands that miss a goal of time. Returns the section for RESULTS.md, which a whole run also writes. */
export async function runTrace(
  { rounds, whole }: Size,
  server: BenchServer,
  folder: string,
): Promise<string> {
  const run = { server, folder, rounds, log: path.join(server.dataFolder, 'trace', 'trace.log') }
  const traces = [
    await tracePending(run),
    await traceThousand(run),
    await traceCreate(run),
    ...(await traceHistory(run)),
    ...(await traceLarge(run)),
  ]
  const section = traceSection(traces, { rounds, version: server.version })
  if (whole) writeSection('trace', section)
  return `${section}\n`
}

async function tracePending(run: TraceRun): Promise<Trace> {
  const project = newFolder(run)
  writePrismaProject(project, migrationsOf(1000))
  const url = await run.server.createDatabase()
  await expectOk(project, ['deploy', '--url', url])
  const name = '`deploy`, nothing pending of 1,000'
  return await middle(run, name, project, async () => ['deploy', '--url', url])
}

async function traceThousand(run: TraceRun): Promise<Trace> {
  const project = newFolder(run)
  writePrismaProject(project, migrationsOf(1000))
  return await middle(run, '`deploy` of 1,000', project, async () => [
    'deploy',
    '--url',
    await run.server.createDatabase(),
  ])
}

async function traceCreate(run: TraceRun): Promise<Trace> {
  const project = newFolder(run)
  writePrismaProject(project, [])
  return await middle(run, '`create` on one model', project, (round) =>
    addModel(project, `First${round}`),
  )
}

async function traceHistory(run: TraceRun): Promise<Trace[]> {
  const project = copyProject(run.folder, 'trigger')
  await expectOk(project, addModel(project, 'BenchModel'))
  const create = await middle(run, '`create` on 820', project, (round) =>
    addModel(project, `BenchModel${round}`),
  )
  const check = await middle(run, '`check` of one on 820, warm', project, () => [
    'check',
    '--fail-on',
    'never',
  ])
  return [create, check]
}

async function traceLarge(run: TraceRun): Promise<Trace[]> {
  const { project, url } = await prepareLarge(run)
  await expectOk(project, ['check', '--fail-on', 'never'])
  const check = await middle(run, '`check` on 5,000 tables, warm', project, () => [
    'check',
    '--fail-on',
    'never',
  ])
  const deploy = await middle(run, '`deploy` of a column on 5,000 tables', project, async () => {
    // The first round deploys it; later ones undo that first.
    await measure(slipwayCommand(project, ['rollback', '--url', url]))
    return ['deploy', '--url', url]
  })
  return [check, deploy]
}

/** Adds a model to a schema. Returns the command that writes its migration. */
function addModel(project: string, name: string): string[] {
  const model = `\nmodel ${name} {\n  id   Int    @id\n  name String\n\n  @@index([name])\n}\n`
  appendFileSync(path.join(project, 'prisma', 'schema.prisma'), model)
  return ['create', name.toLowerCase()]
}

/** The run of median time, of a round more than is counted: the first one fills caches. */
async function middle(
  run: TraceRun,
  name: string,
  project: string,
  argsOf: (round: number) => readonly string[] | Promise<readonly string[]>,
): Promise<Trace> {
  const traces: Trace[] = []
  for (let round = 0; round <= run.rounds; round++) {
    const trace = await traced(run, { name, project, args: await argsOf(round) })
    process.stderr.write(`${name}: ${trace.wallMs.toFixed(0)} ms\n`)
    if (round > 0) traces.push(trace)
  }
  const sorted = traces.toSorted((one, other) => one.wallMs - other.wallMs)
  const found = sorted[Math.floor(sorted.length / 2)]
  if (found === undefined) throw new Error(`${name} was not run`)
  return found
}

async function traced(
  { log, folder }: TraceRun,
  { name, project, args }: { name: string; project: string; args: readonly string[] },
): Promise<Trace> {
  const profiles = mkdtempSync(path.join(folder, 'profiles-'))
  const command = slipwayCommand(project, args)
  const position = { file: log, length: readFileSync(log, 'utf8').length }
  const started = Date.now()
  const options = `--cpu-prof --cpu-prof-dir=${profiles} --cpu-prof-interval=500`
  const result = await measure({ ...command, args: [...options.split(' '), ...command.args] })
  const ended = Date.now()
  if (!result.ok) throw new Error(`${name}: ${result.reason}`)
  const timeline = readTimeline(position, { started, ended })
  const shares = readShares(profiles)
  rmSync(profiles, { recursive: true })
  const { wallMs } = result.measurement
  return { name, wallMs, shares, ...(timeline ? { timeline } : {}) }
}

async function expectOk(project: string, args: readonly string[]): Promise<void> {
  const result = await measure(slipwayCommand(project, args), 900_000)
  if (!result.ok) throw new Error(`${args[0] ?? ''}: ${result.reason}`)
}

function newFolder({ folder }: TraceRun): string {
  return mkdtempSync(path.join(folder, 'trace-'))
}
