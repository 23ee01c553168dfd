import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { runCli } from './cli-in-process.ts'
import { type D1Server, startD1Server } from './d1-server.ts'
import { addMigration, writeProject } from './project.ts'
import type { SeedProject, SeedSaid } from './seed-project.ts'

/** The targets of a set: a file, wrangler's local file of a D1 database, and D1 behind the REST API. */
export const SQLITE_TARGETS = ['file', 'local D1', 'remote D1'] as const

export type SqliteTargetKind = (typeof SQLITE_TARGETS)[number]

/** A project with one migration, which is applied to its SQLite target, and its seed sets. */
export interface SqliteSeedProject extends Omit<SeedProject, 'target' | 'drop'> {
  /** Reads or changes rows directly, without Slipway. */
  sql(script: string): Record<string, unknown>[]
  slipway(...argv: readonly string[]): Promise<{ exitCode: number; stdout: string; stderr: string }>
  /** The server of a remote target. */
  readonly server?: D1Server
  drop(): Promise<void>
}

const DATABASE_ID = '11111111-2222-3333-4444-555555555555'

/** Creates such a project; `sql` is its migration. */
export async function sqliteSeedProject(
  sql: string,
  { models = '', on = 'file' }: { readonly models?: string; readonly on?: SqliteTargetKind } = {},
): Promise<SqliteSeedProject> {
  const root = writeProject([], models, 'sqlite')
  addMigration(root, { name: '1_init', sql })
  const place = await placeOf(root, on)
  const slipway = async (...argv: readonly string[]) =>
    await runCli([...argv, ...place.flags], { cwd: root, env: place.env })
  const deployed = await slipway('deploy', ...place.consent)
  if (deployed.exitCode !== 0) throw new TypeError(deployed.stdout + deployed.stderr)
  const write: SeedProject['write'] = (files) => {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(root, 'prisma/seeds', name)
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, content)
    }
  }
  const environments = ['development', 'production']
  return {
    root,
    write,
    tables: (tables, more) =>
      write({
        'base/set.json': JSON.stringify({ version: 1, environments, tables, ...more }),
      }),
    sql: place.sql,
    slipway,
    ...(place.server ? { server: place.server } : {}),
    async seed(...args) {
      const consent = args[0] === 'run' && !args.includes('--dry-run') ? place.consent : []
      const { exitCode, stdout } = await slipway('seed', ...args, ...consent, '--json')
      const { result, failure, findings } = JSON.parse(stdout) as Omit<SeedSaid, 'sets'> & {
        result: Pick<SeedSaid, 'sets'> | null
      }
      const sets = result?.sets ?? []
      return { exitCode, stdout, code: failure?.code, failure, findings, sets }
    },
    async drop() {
      await place.server?.stop()
      rmSync(root, { recursive: true })
    },
  }
}

interface Place {
  readonly flags: readonly string[]
  readonly consent: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly server?: D1Server
  sql(script: string): Record<string, unknown>[]
}

async function placeOf(root: string, on: SqliteTargetKind): Promise<Place> {
  if (on === 'file') {
    const file = path.join(root, 'shop.db')
    return { flags: ['--url', `file:${file}`], consent: [], env: {}, sql: onFile(() => file) }
  }
  const server = on === 'remote D1' ? await startD1Server({ polls: 1 }) : undefined
  const database = server?.create('shop')
  writeFileSync(
    path.join(root, 'wrangler.jsonc'),
    JSON.stringify({
      name: 'shop',
      compatibility_date: '2026-10-01',
      d1_databases: [
        {
          binding: 'DB',
          database_name: 'shop',
          database_id: database?.id ?? DATABASE_ID,
          migrations_dir: 'prisma/migrations',
          migrations_pattern: 'prisma/migrations/*/migration.sql',
        },
      ],
    }),
  )
  writeFileSync(
    path.join(root, 'slipway.config.mjs'),
    `export default { environments: { development: {}, production: {} } }\n`,
  )
  if (server === undefined || database === undefined)
    return { flags: ['--local'], consent: [], env: {}, sql: onFile(() => localFile(root)) }
  return {
    flags: ['--remote'],
    consent: ['--confirm', 'shop'],
    env: server.env,
    server,
    sql(script) {
      if (isQuery(script)) return database.d1.inspect(script).map((row) => ({ ...row }))
      database.d1.import(script)
      return []
    },
  }
}

function onFile(file: () => string) {
  return (script: string): Record<string, unknown>[] => {
    const database = new DatabaseSync(file())
    try {
      if (isQuery(script))
        return database
          .prepare(script)
          .all()
          .map((row) => ({ ...row }))
      database.exec(script)
      return []
    } finally {
      database.close()
    }
  }
}

function isQuery(script: string): boolean {
  return /^\s*(?:SELECT|WITH|PRAGMA)\b/i.test(script)
}

/** The one file of wrangler's folder that is a D1 database. */
function localFile(root: string): string {
  const [file] = globSync(path.join(root, '.wrangler/state/v3/d1/*/*.sqlite')).filter(
    (one) => !one.endsWith('metadata.sqlite'),
  )
  if (file === undefined) throw new TypeError('there is no local D1 database')
  return file
}
