import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Command, measure } from '../measure.ts'
import { prismaEngine } from '../peers/prisma-engine.ts'
import { slipwayCommand } from '../peers/slipway.ts'
import { type Case, TABLES } from './cases.ts'

/** A tool that runs a migration on a table that an application is using. */
export interface Entrant {
  readonly name: 'psql' | 'prisma-engine' | 'slipway'
  readonly note: string
  command(project: string, url: string): Command
}

export const entrants: readonly Entrant[] = [
  {
    name: 'psql',
    note: '`psql -f` of the migration as Prisma writes it',
    command: (project, url) => ({
      program: 'psql',
      args: ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', fileOf(project), url],
      cwd: project,
      env: {},
    }),
  },
  {
    name: 'prisma-engine',
    note: '`applyMigrations` (wasm) of the same file',
    command: prismaEngine.command,
  },
  {
    name: 'slipway',
    note: '`slipway deploy` of the file as `slipway fix --write` leaves it',
    command: (project, url) => slipwayCommand(project, ['deploy', '--url', url]),
  },
]

const FIRST = '20250101000001_tables'
export const CHANGE = '20250101000002_change'

function fileOf(project: string): string {
  return path.join(project, 'prisma', 'migrations', CHANGE, 'migration.sql')
}

/** Writes a project that has only the tables. */
export function writeTables(project: string): void {
  writeMigration(project, FIRST, TABLES)
  const file = path.join(project, 'prisma', 'schema.prisma')
  writeFileSync(file, 'datasource db {\n  provider = "postgresql"\n}\n')
  const lock = path.join(project, 'prisma', 'migrations', 'migration_lock.toml')
  writeFileSync(lock, 'provider = "postgresql"\n')
}

function writeMigration(project: string, name: string, sql: string): void {
  const folder = path.join(project, 'prisma', 'migrations', name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'migration.sql'), sql)
}

/**
 * Writes the project of a case for each entrant. For Slipway, the migration is rewritten into its safe
 * form.
 */
export async function writeProjects(
  parent: string,
  tables: string,
  { id, sql }: Case,
): Promise<ReadonlyMap<Entrant['name'], string>> {
  const [original, fixed] = [path.join(parent, id), path.join(parent, `${id}-fixed`)]
  for (const project of [original, fixed]) {
    cpSync(tables, project, { recursive: true })
    writeMigration(project, CHANGE, sql)
  }
  const fix = await measure(slipwayCommand(fixed, ['fix', '--write']))
  if (!fix.ok) throw new Error(`slipway fix: ${fix.reason}`)
  if (readFileSync(fileOf(fixed), 'utf8') === sql)
    throw new Error(`slipway fix left ${id} as it was`)
  return new Map(entrants.map(({ name }) => [name, name === 'slipway' ? fixed : original] as const))
}
