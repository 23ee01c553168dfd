import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { type Command, measure, type Measurement } from './measure.ts'
import { benchPath } from './peers/peer.ts'
import { writePrismaProject } from './peers/prisma-project.ts'
import { slipwayCommand } from './peers/slipway.ts'
import type { BenchServer } from './server.ts'
import { median } from './statistics.ts'
import { migrationsOf } from './work.ts'

/** Medians of commands that only Slipway has; a key is absent if it could not be measured. */
export interface Figures {
  readonly statusMs?: number
  /** A deploy with nothing pending, measured in turn with `statusMs`. */
  readonly pendingMs?: number
  /** The highest peak memory of the deploys, in KiB. */
  readonly deployPeakKiB?: number
  readonly shadowMs?: number
  readonly createMs?: number
  readonly laterCreateMs?: number
  /** One more migration on 820, with its down migration: deployed and rolled back in turn. */
  readonly deployOneMs?: number
  readonly rollbackOneMs?: number
  readonly rollbackFiveMs?: number
  readonly checkOneMs?: number
  /** Without changes, measured in turn with `status`. */
  readonly driftMs?: number
  readonly statusBesideDriftMs?: number
  /** What could not be measured, and why. */
  readonly gaps: readonly string[]
}

export interface FiguresRun {
  readonly server: BenchServer
  readonly rounds: number
  /** An existing folder for the projects. */
  readonly folder: string
  readonly onRun: (line: string) => void
}

type Part = Omit<Figures, 'gaps'>
type Taken = Measurement & { readonly stdout: string }

/** A real history of 820 migrations; see the README of that folder. */
const CORPUS = benchPath('..', '..', 'shared', 'corpus', 'trigger')

/** Measures all figures; one that fails is left out and named in `gaps`. */
export async function measureFigures(run: FiguresRun): Promise<Figures> {
  const parts: readonly [string, (run: FiguresRun) => Promise<Part>][] = [
    ['status on 820 migrations', measureStatus],
    ['create on one model', measureCreate],
    ['second create on 820 migrations', measureLaterCreate],
    ['rollback, check and drift on 820 migrations', measureLastMigrations],
  ]
  const gaps: string[] = []
  const measured: Part[] = []
  for (const [title, part] of parts) {
    try {
      measured.push(await part(run))
    } catch (error) {
      gaps.push(`${title}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return { ...Object.assign({}, ...measured), gaps }
}

async function measureStatus(run: FiguresRun): Promise<Part> {
  const { server, rounds } = run
  const real = copyCorpus(run, 'status')
  const even = newFolder(run, 'pending')
  writePrismaProject(even, migrationsOf(1000))
  const [realUrl, evenUrl] = [await server.createDatabase(), await server.createDatabase()]
  const deploys = [
    await take(run, 'deploy of 820', slipwayCommand(real, ['deploy', '--url', realUrl])),
    await take(run, 'deploy of 1,000', slipwayCommand(even, ['deploy', '--url', evenUrl])),
  ]
  const status: number[] = []
  const pending: number[] = []
  for (let round = 0; round < rounds; round++) {
    const statusRun = slipwayCommand(real, ['status', '--json', '--url', realUrl])
    const said = await take(run, 'status on 820', statusRun)
    expectUpToDate(said.stdout)
    status.push(said.wallMs)
    const pendingRun = slipwayCommand(even, ['deploy', '--url', evenUrl])
    pending.push((await take(run, 'nothing pending of 1,000', pendingRun)).wallMs)
  }
  await server.dropDatabase(realUrl)
  await server.dropDatabase(evenUrl)
  const peaks = deploys.flatMap(({ peakKiB }) => peakKiB ?? [])
  const peak = peaks.length === 0 ? {} : { deployPeakKiB: Math.max(...peaks) }
  return { statusMs: median(status), pendingMs: median(pending), ...peak }
}

async function measureCreate(run: FiguresRun): Promise<Part> {
  const shadow: number[] = []
  const create: number[] = []
  // The first run creates the folder of the private server.
  await shadowStart(run)
  for (let round = 0; round < run.rounds; round++) {
    shadow.push(await shadowStart(run))
    const project = newFolder(run, 'create')
    writePrismaProject(project, [])
    create.push(await createModel(run, project, 'First'))
  }
  return { shadowMs: median(shadow), createMs: median(create) }
}

async function measureLaterCreate(run: FiguresRun): Promise<Part> {
  const project = copyCorpus(run, 'later-create')
  await createModel(run, project, 'BenchModel')
  const times: number[] = []
  for (let round = 0; round < run.rounds; round++) {
    times.push(await createModel(run, project, `BenchModel${round}`))
  }
  return { laterCreateMs: median(times) }
}

/**
 * Measures commands around five more migrations, each with its down migration. Slipway's cache of the
 * history is filled before.
 */
async function measureLastMigrations(run: FiguresRun): Promise<Part> {
  const project = copyCorpus(run, 'last')
  for (let number = 1; number <= 5; number++) writeColumnMigration(project, number)
  const url = await run.server.createDatabase()
  const on = async (title: string, args: readonly string[]) =>
    (await take(run, title, slipwayCommand(project, args))).wallMs
  const target = ['--url', url]
  const times = new Map<keyof Part, number[]>()
  const note = (figure: keyof Part, ms: number) =>
    times.set(figure, [...(times.get(figure) ?? []), ms])
  await on('deploy of 825', ['deploy', ...target])
  // The first round fills the cache for the others, and does not count.
  for (let round = 0; round <= run.rounds; round++) {
    const rollbackOneMs = await on('rollback of one', ['rollback', ...target])
    const deployOneMs = await on('deploy of one', ['deploy', ...target])
    await on('drift', ['drift', ...target])
    const driftUnchangedMs = await on('drift unchanged', ['drift', ...target])
    const statusBesideDriftMs = await on('status', ['status', ...target])
    const checkOneMs = await on('check of one', ['check'])
    const rollbackFiveMs = await on('rollback of five', ['rollback', '--steps', '5', ...target])
    await on('deploy of five', ['deploy', ...target])
    if (round === 0) continue
    note('rollbackOneMs', rollbackOneMs)
    note('deployOneMs', deployOneMs)
    note('driftMs', driftUnchangedMs)
    note('statusBesideDriftMs', statusBesideDriftMs)
    note('checkOneMs', checkOneMs)
    note('rollbackFiveMs', rollbackFiveMs)
  }
  await run.server.dropDatabase(url)
  return Object.fromEntries([...times].map(([figure, all]) => [figure, median(all)]))
}

function writeColumnMigration(project: string, number: number): void {
  const folder = path.join(project, 'prisma', 'migrations', `2099010100000${number}_bench`)
  mkdirSync(folder)
  writeFileSync(
    path.join(folder, 'migration.sql'),
    `CREATE TABLE "Bench${number}" ("id" INTEGER NOT NULL, CONSTRAINT "Bench${number}_pkey" PRIMARY KEY ("id"));\n`,
  )
  writeFileSync(path.join(folder, 'down.sql'), `DROP TABLE "Bench${number}";\n`)
}

async function shadowStart(run: FiguresRun): Promise<number> {
  const command: Command = {
    program: process.execPath,
    args: [benchPath('programs', 'shadow.ts')],
    cwd: run.folder,
    env: {},
  }
  const result = await measure(command)
  if (!result.ok) throw new Error(result.reason)
  run.onRun(`shadow: ${Number(result.stdout).toFixed(0)} ms`)
  return Number(result.stdout)
}

/** Adds a model to the schema, and measures the time of the `create` that writes its migration. */
async function createModel(run: FiguresRun, project: string, name: string): Promise<number> {
  const model = `\nmodel ${name} {\n  id   Int    @id\n  name String\n\n  @@index([name])\n}\n`
  appendFileSync(path.join(project, 'prisma', 'schema.prisma'), model)
  const before = migrationCount(project)
  const { wallMs } = await take(
    run,
    `create on ${before}`,
    slipwayCommand(project, ['create', name]),
  )
  if (migrationCount(project) !== before + 1) throw new Error('create wrote no migration')
  return wallMs
}

function migrationCount(project: string): number {
  const entries = readdirSync(path.join(project, 'prisma', 'migrations'), { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).length
}

function expectUpToDate(json: string): void {
  const { result } = JSON.parse(json) as { result: { state: string; applied: string[] } }
  if (result.state === 'up-to-date' && result.applied.length === 820) return
  throw new Error(`status says ${result.state}, ${result.applied.length} applied`)
}

async function take(run: FiguresRun, title: string, command: Command): Promise<Taken> {
  const result = await measure(command)
  if (!result.ok) throw new Error(`${title}: ${result.reason}`)
  run.onRun(`${title}: ${result.measurement.wallMs.toFixed(0)} ms`)
  return { ...result.measurement, stdout: result.stdout }
}

function copyCorpus(run: FiguresRun, name: string): string {
  if (!existsSync(CORPUS)) throw new Error('the corpus is not on this machine')
  const folder = newFolder(run, name)
  cpSync(CORPUS, path.join(folder, 'prisma'), { recursive: true })
  return folder
}

function newFolder(run: FiguresRun, name: string): string {
  return mkdtempSync(path.join(run.folder, `${name}-`))
}
