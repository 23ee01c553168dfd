import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Command, measure, type Measurement } from '../measure.ts'
import { slipwayCommand } from '../peers/slipway.ts'

/** The runs of one program in one situation. */
export interface D1Runs {
  readonly situation: 'pending' | 'nothing pending'
  readonly name: 'slipway deploy --local' | 'wrangler d1 migrations apply --local'
  readonly samples: Measurement[]
}

export interface D1Conditions {
  readonly rounds: number
  readonly migrations: number
  readonly folder: string
  readonly onRun: (line: string) => void
}

/** wrangler takes minutes for a hundred migrations on a slow machine. */
const LIMIT_MS = 900_000

/**
 * Measures a deploy to wrangler's local D1 and wrangler itself, in turn: first with all migrations
 * pending on a new database, then with none.
 */
export async function measureD1({
  rounds,
  migrations,
  folder,
  onRun,
}: D1Conditions): Promise<D1Runs[]> {
  const runs = ENTRANTS.flatMap(({ name, command }) =>
    (['pending', 'nothing pending'] as const).map((situation) => {
      return { name, situation, command, samples: [] as Measurement[] }
    }),
  )
  for (let round = 0; round < rounds; round++) {
    for (const { name, situation, command, samples } of runs) {
      const cwd = path.join(folder, name.split(' ')[0] ?? name)
      if (situation === 'pending') makeWorker(cwd, migrations)
      const result = await measure(command(cwd), LIMIT_MS)
      if (!result.ok) throw new Error(`${name}: ${result.reason}`)
      onRun(`${name}, ${situation}: ${result.measurement.wallMs.toFixed(0)} ms`)
      samples.push(result.measurement)
    }
  }
  return runs.map(({ name, situation, samples }) => ({ name, situation, samples }))
}

const WRANGLER = fileURLToPath(new URL('../bin/wrangler.js', import.meta.resolve('wrangler')))

const ENTRANTS: readonly {
  readonly name: D1Runs['name']
  readonly command: (cwd: string) => Command
}[] = [
  {
    name: 'slipway deploy --local',
    command: (cwd) => slipwayCommand(cwd, ['deploy', '--local']),
  },
  {
    name: 'wrangler d1 migrations apply --local',
    command: (cwd) => ({
      program: process.execPath,
      args: [WRANGLER, 'd1', 'migrations', 'apply', 'DB', '--local'],
      cwd,
      env: { CI: '1', WRANGLER_SEND_METRICS: 'false', WRANGLER_LOG_PATH: path.join(cwd, 'logs') },
    }),
  },
]

/**
 * Creates a Worker with a new local database and this many migrations, which alternately create a table
 * and add a column.
 */
function makeWorker(root: string, migrations: number): void {
  rmSync(root, { recursive: true, force: true })
  mkdirSync(path.join(root, 'migrations'), { recursive: true })
  mkdirSync(path.join(root, 'prisma'))
  const database = { binding: 'DB', database_name: 'shop', database_id: 'a'.repeat(32) }
  const config = {
    name: 'shop',
    compatibility_date: '2026-10-01',
    d1_databases: [{ ...database, migrations_dir: 'migrations' }],
  }
  writeFileSync(path.join(root, 'wrangler.jsonc'), JSON.stringify(config))
  const datasource = 'datasource db {\n  provider = "sqlite"\n}\n'
  writeFileSync(path.join(root, 'prisma', 'schema.prisma'), datasource)
  writeFileSync(path.join(root, 'package.json'), '{ "name": "shop", "private": true }\n')
  for (let number = 1; number <= migrations; number++) {
    const name = `${String(number).padStart(4, '0')}_step.sql`
    writeFileSync(path.join(root, 'migrations', name), migrationSql(number))
  }
}

function migrationSql(number: number): string {
  if (number % 2 === 0) return `ALTER TABLE "t${number - 1}" ADD COLUMN "note" TEXT;\n`
  return `CREATE TABLE "t${number}" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "name" TEXT NOT NULL);
CREATE UNIQUE INDEX "t${number}_name_key" ON "t${number}" ("name");\n`
}
