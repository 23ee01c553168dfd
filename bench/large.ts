import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { measure, type Measurement } from './measure.ts'
import { slipwayCommand } from './peers/slipway.ts'
import type { BenchServer } from './server.ts'
import { median } from './statistics.ts'

/** The commands that are measured on a large schema. */
export const LARGE_STEPS = ['deploy', 'rollback', 'check', 'drift', 'baseline'] as const
export type LargeStep = (typeof LARGE_STEPS)[number]

/** The median of each step; a step is absent if it could not be measured. */
export interface LargeFigures {
  readonly steps: ReadonlyMap<LargeStep, Measurement>
  /** What could not be measured, and why. */
  readonly gaps: readonly string[]
}

export interface LargeRun {
  readonly server: BenchServer
  readonly rounds: number
  /** An existing folder for the project. */
  readonly folder: string
  readonly onRun: (line: string) => void
}

const LARGE_TABLES = 5000
const CHANGED = '"t17"'

/**
 * Measures commands on a schema of 5,000 tables, around a migration that adds one column. Slipway's cache
 * of the history is filled before: the first run of each command does not count.
 */
export async function measureLarge(run: LargeRun): Promise<LargeFigures> {
  const { server, rounds, onRun } = run
  const project = mkdtempSync(path.join(run.folder, 'large-'))
  writeMigration(project, '20260101000000_init', { 'migration.sql': initSql() })
  const url = await server.createDatabase()
  const taken = new Map<LargeStep, Measurement[]>(LARGE_STEPS.map((step) => [step, []]))
  const gaps: string[] = []
  const take = async (title: string, args: readonly string[]) => {
    const result = await measure(slipwayCommand(project, args), LIMIT_MS)
    if (!result.ok) throw new Error(`${title}: ${result.reason}`)
    onRun(`5,000 tables: ${title}: ${result.measurement.wallMs.toFixed(0)} ms`)
    return result.measurement
  }
  try {
    await take('first deploy', ['deploy', '--url', url])
    writeColumn(project)
    for (let round = 0; round <= rounds; round++) {
      const commands: readonly [LargeStep, readonly string[]][] = [
        ['deploy', ['deploy', '--url', url]],
        ['drift', ['drift', '--url', url]],
        ['check', ['check']],
        ['rollback', ['rollback', '--url', url]],
      ]
      for (const [step, args] of commands) {
        const measured = await take(step, args)
        if (round > 0) taken.get(step)?.push(measured)
      }
      await forgetHistory(url)
      const measured = await take('baseline', [
        'baseline',
        '--to',
        '20260101000000_init',
        '--url',
        url,
      ])
      if (round > 0) taken.get('baseline')?.push(measured)
    }
  } catch (error) {
    gaps.push(error instanceof Error ? error.message : String(error))
  }
  await server.dropDatabase(url)
  const measured = [...taken].filter(([, samples]) => samples.length > 0)
  return { steps: new Map(measured.map(([step, samples]) => [step, middle(samples)])), gaps }
}

/** A project with 5,000 tables that are deployed, and a migration of one column that is not. */
export async function prepareLarge({
  server,
  folder,
}: Pick<LargeRun, 'server' | 'folder'>): Promise<{
  readonly project: string
  readonly url: string
}> {
  const project = mkdtempSync(path.join(folder, 'large-'))
  writeMigration(project, '20260101000000_init', { 'migration.sql': initSql() })
  const url = await server.createDatabase()
  const result = await measure(slipwayCommand(project, ['deploy', '--url', url]), LIMIT_MS)
  if (!result.ok) throw new Error(`first deploy: ${result.reason}`)
  writeColumn(project)
  return { project, url }
}

function writeColumn(project: string): void {
  writeMigration(project, '20260102000000_column', {
    'migration.sql': `ALTER TABLE ${CHANGED} ADD COLUMN "note" TEXT;\n`,
    'down.sql': `ALTER TABLE ${CHANGED} DROP COLUMN "note";\n`,
  })
}

/** The first run of a command on 5,000 tables replays the history. */
const LIMIT_MS = 900_000

function middle(samples: readonly Measurement[]): Measurement {
  const of = (read: (one: Measurement) => number | undefined) => {
    const values = samples.flatMap((one) => read(one) ?? [])
    return values.length === 0 ? undefined : median(values)
  }
  const [cpuMs, peakKiB] = [of((one) => one.cpuMs), of((one) => one.peakKiB)]
  return {
    wallMs: median(samples.map(({ wallMs }) => wallMs)),
    ...(cpuMs === undefined ? {} : { cpuMs }),
    ...(peakKiB === undefined ? {} : { peakKiB }),
  }
}

/** Drops the history, because a baseline is for a database that has tables and no history. */
async function forgetHistory(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('DROP SCHEMA slipway CASCADE; DROP TABLE _prisma_migrations')
  } finally {
    await client.end()
  }
}

function writeMigration(
  project: string,
  name: string,
  files: Readonly<Record<string, string>>,
): void {
  const folder = path.join(project, 'prisma', 'migrations', name)
  mkdirSync(folder, { recursive: true })
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, file), text)
  const prisma = path.join(project, 'prisma')
  writeFileSync(
    path.join(prisma, 'schema.prisma'),
    'datasource db {\n  provider = "postgresql"\n}\n',
  )
  writeFileSync(path.join(prisma, 'migrations', 'migration_lock.toml'), 'provider = "postgresql"\n')
}

/** Tables of eight columns with keys; all but the first refer to another one. */
function initSql(): string {
  const tables = Array.from({ length: LARGE_TABLES }, (_, at) => {
    const name = `t${at}`
    const key =
      at === 0
        ? []
        : [
            `ALTER TABLE "${name}" ADD CONSTRAINT "${name}_parent_fkey" FOREIGN KEY ("parent") REFERENCES "t${Math.floor(at / 2)}"("id") ON DELETE SET NULL ON UPDATE CASCADE;`,
          ]
    return [
      `CREATE TABLE "${name}" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "parent" INTEGER, "email" VARCHAR(255), "amount" DECIMAL(12,2) NOT NULL DEFAULT 0, "active" BOOLEAN NOT NULL DEFAULT true, "data" JSONB, "at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, CONSTRAINT "${name}_pkey" PRIMARY KEY ("id"));`,
      `CREATE INDEX "${name}_name_idx" ON "${name}"("name");`,
      ...key,
    ].join('\n')
  })
  return `${tables.join('\n')}\n`
}
