import { readFileSync } from 'node:fs'
import { serverPrograms, withLocalServer, withSession } from '../src/database/index.ts'
import { attempt } from '../src/kernel/index.ts'
import { type ShadowOptions, withShadowDatabase, withShadowServer } from '../src/shadow/index.ts'
import { attempts, type AttackPaths } from './hostile.ts'

/** How an attempt ended, and what it read. */
export interface Outcome {
  readonly name: string
  readonly ended: string | null
  readonly rows: unknown
  readonly ms: number
}

/** The findings and leftovers of a run of all attempts. */
export interface HostileRun {
  readonly outcomes: readonly Outcome[]
  /** The environment and limits of a server process. */
  readonly process: { readonly environment: string; readonly limits: string }
  readonly left: {
    readonly roles: readonly string[]
    readonly databases: readonly string[]
    readonly settings: readonly string[]
    readonly file: string
  }
}

const options: ShadowOptions = {
  dialect: 'postgres',
  cacheDir: process.argv[2] ?? '',
  limits: { timeMs: 3000, diskBytes: 200_000_000 },
}
const paths: AttackPaths = { file: process.argv[3] ?? '', folder: process.argv[4] ?? '' }

async function makeAttempts(): Promise<Pick<HostileRun, 'outcomes' | 'process'>> {
  return await withShadowServer(options, async (shadow) => {
    const outcomes: Outcome[] = []
    for (const { name, sql } of attempts(paths)) {
      const began = performance.now()
      const rows: unknown[] = []
      const run = await attempt(() =>
        withShadowDatabase(shadow, [], async (session) => {
          if (session.kind !== 'postgres') throw new TypeError('no private server')
          for (const text of sql) {
            if (text.includes(';')) await session.execute(text)
            else rows.push((await session.queryRaw(text)).rows.slice(0, 10))
          }
        }),
      )
      const ended = run.ok ? null : (run.failure.server?.sqlstate ?? run.failure.code)
      outcomes.push({ name, ended, rows, ms: Math.round(performance.now() - began) })
    }
    const seen = await withShadowDatabase(shadow, [], async (session) => {
      const { pid } = session.server
      // A server overwrites its environment with its process title. The shell that started it has the same one.
      const environment = readProcess(parentOf(parentOf(pid)), 'environ')
      return { environment, limits: readProcess(pid, 'limits') }
    })
    return { outcomes, process: seen }
  })
}

function readProcess(pid: number, file: string): string {
  return readFileSync(`/proc/${pid}/${file}`, 'latin1')
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)$/m.exec(readProcess(pid, 'status'))?.[1])
}

async function findLeft(): Promise<HostileRun['left']> {
  const programs = await serverPrograms(process.env)
  if (programs === undefined) throw new TypeError('no programs')
  const found = await withLocalServer(programs, options.cacheDir, ({ admin }) =>
    withSession(admin('postgres'), {}, async (session) => {
      const names = async (sql: string) =>
        (await session.queryRaw(sql)).rows.map(([name]) => String(name))
      return {
        roles: await names('SELECT rolname FROM pg_roles WHERE oid >= 16384'),
        databases: await names(
          `SELECT datname FROM pg_database WHERE datname !~ '^slipway_history_' ORDER BY 1`,
        ),
        settings: await names('SELECT setconfig FROM pg_db_role_setting'),
        file: (await names(`SELECT pg_read_file('postgresql.auto.conf')`)).join(),
      }
    }),
  )
  if (found === undefined) throw new TypeError('no private server')
  return found.value
}

const made = await makeAttempts()
process.stdout.write(JSON.stringify({ ...made, left: await findLeft() }))
