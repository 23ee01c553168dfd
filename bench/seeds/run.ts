import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { type Command, measure, type Measurement } from '../measure.ts'
import { benchPath } from '../peers/peer.ts'
import { slipwayCommand } from '../peers/slipway.ts'
import type { BenchServer } from '../server.ts'
import { COLUMNS, type Part, writeCsv, writeSeedProject } from './work.ts'

/** The runs of one way to load the rows. */
export interface SeedRuns {
  readonly id: 'psql' | 'fresh' | 'merge' | 'second' | 'drizzle' | 'createMany'
  readonly title: string
  readonly samples: Measurement[]
}

export interface SeedsRun {
  readonly server: BenchServer
  readonly rows: number
  readonly rounds: number
  readonly folder: string
  readonly onRun: (line: string) => void
}

/**
 * Loads the tables in each way, in turn, each run into a new database; the rows are counted afterwards.
 */
export async function measureSeeds(run: SeedsRun, parts: readonly Part[]): Promise<SeedRuns[]> {
  const { rounds, folder, rows } = run
  const project = writeSeedProject(folder, rows, parts)
  const files = await writeCsv(folder, rows)
  const copy = parts.map(
    (part) => `\\copy ${part} (${COLUMNS[part].join(', ')}) FROM '${files[part]}' CSV`,
  )
  const psql: SeedRuns = { id: 'psql', title: 'psql \\copy of the same rows as CSV', samples: [] }
  const fresh: SeedRuns = { id: 'fresh', title: 'slipway seed run, tables empty', samples: [] }
  const merge: SeedRuns = { id: 'merge', title: 'slipway seed run, through the merge', samples: [] }
  const second: SeedRuns = {
    id: 'second',
    title: 'slipway seed run again, nothing to change',
    samples: [],
  }
  for (let round = 0; round < rounds; round++) {
    await onDatabase(run, { parts, project }, async (url) => {
      const args = [
        '-X',
        '-q',
        '-v',
        'ON_ERROR_STOP=1',
        ...copy.flatMap((text) => ['-c', text]),
        url,
      ]
      psql.samples.push(
        await take(run, psql.title, { program: 'psql', args, cwd: folder, env: {} }),
      )
    })
    await onDatabase(run, { parts, project }, async (url) => {
      const command = slipwayCommand(project, ['seed', 'run', '--url', url, '--env', 'development'])
      fresh.samples.push(await take(run, fresh.title, command))
      second.samples.push(await take(run, second.title, command))
    })
    await onDatabase(run, { parts, project, more: 1 }, async (url) => {
      // A row that does not belong to the seeds, so that the tables are not empty.
      await onServer(
        url,
        `INSERT INTO carriers (id, mc_number, name) VALUES (0, '1', 'x')${parts.includes('contacts') ? `; INSERT INTO contacts (id, carrier_id, email, full_name) VALUES (0, 0, 'x', 'x')` : ''}`,
      )
      const command = slipwayCommand(project, ['seed', 'run', '--url', url, '--env', 'development'])
      merge.samples.push(await take(run, merge.title, command))
    })
  }
  return [psql, fresh, merge, second]
}

/**
 * Loads the same carriers with libraries that are used for seeding: one run each, because they take
 * minutes.
 */
export async function measurePeers(run: SeedsRun): Promise<SeedRuns[]> {
  const parts: readonly Part[] = ['carriers']
  const project = writeSeedProject(run.folder, run.rows, parts)
  const found: SeedRuns[] = []
  const client = generateClient(run.folder)
  for (const [id, title] of [
    ['drizzle', 'drizzle, batches of 1,000'],
    ['createMany', 'Prisma createMany, batches of 1,000'],
  ] as const) {
    await onDatabase(run, { parts, project }, async (url) => {
      const args = [benchPath('programs', `seed-${id}.mjs`), url, String(run.rows), client]
      const command = { program: process.execPath, args, cwd: run.folder, env: {} }
      try {
        found.push({ id, title, samples: [await take(run, title, command)] })
      } catch (error) {
        run.onRun(`${title} is left out: ${String(error).slice(0, 300)}`)
      }
    })
  }
  return found
}

/**
 * Generates Prisma's client from a schema with Prisma's CLI, in a separate folder. It runs with Slipway's
 * engine, because no other is installed here.
 */
function generateClient(folder: string): string {
  const project = path.join(folder, 'prisma-client')
  mkdirSync(project)
  symlinkSync(benchPath('node_modules'), path.join(project, 'node_modules'))
  copyFileSync(benchPath('programs', 'seed.prisma'), path.join(project, 'schema.prisma'))
  writeFileSync(path.join(project, 'package.json'), '{ "name": "seeds", "private": true }\n')
  const { status, stderr } = spawnSync(
    process.execPath,
    [benchPath('..', 'node_modules', 'prisma', 'build', 'index.js'), 'generate'],
    {
      cwd: project,
      env: {
        ...process.env,
        PRISMA_SCHEMA_ENGINE_BINARY: benchPath(
          '..',
          'packages',
          'slipway',
          'bin',
          'schema-engine.js',
        ),
      },
      encoding: 'utf8',
    },
  )
  if (status !== 0) throw new Error(`prisma generate: ${stderr}`)
  return path.join(project, 'client', 'index.js')
}

interface Place {
  readonly parts: readonly Part[]
  /** The project whose migration creates the tables. */
  readonly project: string
  /** The number of rows in each table that the load does not add. */
  readonly more?: number
}

/** Runs work on a database with the tables, and checks afterwards that all rows exist. */
async function onDatabase(
  run: SeedsRun,
  { parts, project, more = 0 }: Place,
  work: (url: string) => Promise<void>,
): Promise<void> {
  const url = await run.server.createDatabase()
  try {
    const deployed = await measure(slipwayCommand(project, ['deploy', '--url', url]))
    if (!deployed.ok) throw new Error(deployed.reason)
    await work(url)
    const wanted = { carriers: run.rows + more, contacts: run.rows * 2 + more }
    for (const part of parts) {
      const rows = await onServer(url, `SELECT count(*)::int AS rows FROM ${part}`)
      if (rows !== wanted[part]) throw new Error(`${part} has ${rows} rows`)
    }
  } finally {
    await run.server.dropDatabase(url)
  }
}

async function onServer(url: string, sql: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const result = (await client.query<{ rows: number }>(sql)) as unknown
    const last = (Array.isArray(result) ? result.at(-1) : result) as { rows: { rows: number }[] }
    return last.rows[0]?.rows ?? 0
  } finally {
    await client.end()
  }
}

async function take(run: SeedsRun, title: string, command: Command): Promise<Measurement> {
  const result = await measure(command)
  if (!result.ok) throw new Error(`${title}: ${result.reason}`)
  const { wallMs, peakKiB = 0 } = result.measurement
  run.onRun(`${path.basename(title)}: ${wallMs.toFixed(0)} ms, ${(peakKiB / 1024).toFixed(0)} MB`)
  return result.measurement
}
