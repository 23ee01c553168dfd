import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Command, measure, type Measurement } from '../measure.ts'
import { benchPath } from '../peers/peer.ts'
import { slipwayCommand } from '../peers/slipway.ts'
import { copyProject } from './corpus.ts'

/** The runs of one command, in order. */
export interface Runs {
  readonly name: string
  readonly samples: readonly Measurement[]
}

export interface ProofRun {
  readonly rounds: number
  /** An existing folder for the projects. */
  readonly folder: string
  readonly onRun: (line: string) => void
}

/** Measures `check` of the newest of 820 migrations: cold and warm, on a private server and embedded. */
export async function measureCheck(run: ProofRun): Promise<Runs[]> {
  const local = copyProject(run.folder, 'trigger')
  const embedded = copyProject(run.folder, 'trigger')
  const written = copyProject(run.folder, 'trigger')
  writeDownMigration(written)
  writeFileSync(path.join(embedded, 'slipway.config.ts'), `export default { shadow: 'embedded' }\n`)
  const command = (project: string) => slipwayCommand(project, ['check', '--fail-on', 'never'])
  const cold = { name: 'cold, local server', samples: [] as Measurement[] }
  const warm = [
    { name: 'warm, local server', project: local, samples: [] as Measurement[] },
    {
      name: 'warm, local server, with its down.sql',
      project: written,
      samples: [] as Measurement[],
    },
    { name: 'warm, embedded', project: embedded, samples: [] as Measurement[] },
  ]
  const coldEmbedded = await take(run, 'cold, embedded', command(embedded))
  for (let round = 0; round < run.rounds; round++) {
    rmSync(path.join(local, '.slipway'), { recursive: true, force: true })
    cold.samples.push(await take(run, cold.name, command(local)))
    for (const one of warm) one.samples.push(await take(run, one.name, command(one.project)))
  }
  return [cold, { name: 'cold, embedded', samples: [coldEmbedded] }, ...warm]
}

/** Adds the down migration that `slipway create` would write: the newest migration builds an index. */
function writeDownMigration(project: string): void {
  const newest = globSync('prisma/migrations/*/migration.sql', { cwd: project }).toSorted().at(-1)
  const file = path.join(project, newest ?? '')
  const index = /CREATE INDEX CONCURRENTLY IF NOT EXISTS ("\w+")/.exec(
    readFileSync(file, 'utf8'),
  )?.[1]
  if (index === undefined) throw new Error('the newest migration of trigger builds no index')
  writeFileSync(path.join(path.dirname(file), 'down.sql'), `DROP INDEX "public".${index};\n`)
}

/** Measures Slipway and squawk judging all 434 migrations of a real history by their text. */
export async function measureJudgement(run: ProofRun): Promise<Runs[]> {
  const project = copyProject(run.folder, 'langfuse')
  const files = globSync('prisma/migrations/*/migration.sql', { cwd: project })
  const entrants = [
    {
      name: 'slipway check --all --static',
      command: slipwayCommand(project, ['check', '--all', '--static', '--fail-on', 'never']),
      samples: [] as Measurement[],
    },
    { name: 'squawk', command: squawk(project, files), samples: [] as Measurement[] },
  ]
  for (let round = 0; round < run.rounds; round++) {
    for (let turn = 0; turn < entrants.length; turn++) {
      const one = entrants[(round + turn) % entrants.length]
      one?.samples.push(await take(run, one.name, one.command))
    }
  }
  return entrants
}

/** The command of squawk. It exits 1 if it finds something, which is a success here. */
function squawk(cwd: string, files: readonly string[]): Command {
  const program = benchPath('node_modules', '@squawk-cli', 'linux-x64', 'bin', 'squawk')
  const script = '"$0" "$@"; [ $? -le 1 ]'
  return { program: 'sh', args: ['-c', script, program, ...files], cwd, env: {} }
}

async function take(run: ProofRun, name: string, command: Command): Promise<Measurement> {
  const result = await measure(command)
  if (!result.ok) throw new Error(`${name}: ${result.reason}`)
  run.onRun(`${name}: ${result.measurement.wallMs.toFixed(0)} ms`)
  return result.measurement
}
