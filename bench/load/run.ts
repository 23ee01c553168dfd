import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { waitsOf } from '../../packages/slipway/src/check/load/waits.ts'
import { withWorkload } from '../../packages/slipway/src/check/load/workload.ts'
import { type Address, withSession } from '../../packages/slipway/src/database/index.ts'
import { ConnectionString } from '../../packages/slipway/src/kernel/index.ts'
import {
  fillToScale,
  readShape,
  type ScaledTable,
} from '../../packages/slipway/src/shadow/index.ts'
import { measure } from '../measure.ts'
import { slipwayCommand } from '../peers/slipway.ts'
import type { BenchServer } from '../server.ts'
import { type Case, cases } from './cases.ts'
import { CHANGE, type Entrant, entrants, writeProjects, writeTables } from './entrants.ts'

/** What an application experienced while a migration ran. Times are in ms. */
export interface LoadRun {
  readonly case: Case['id']
  readonly entrant: Entrant['name']
  /** The longest wait of a query, by its kind. */
  readonly readMs: number
  readonly writeMs: number
  readonly longReadMs: number
  /** The longest wait of any query before the migration began. */
  readonly beforeMs: number
  /** The number of queries that the server refused. */
  readonly failed: number
  /** From the start of the process to its end. */
  readonly wallMs: number
}

export interface LoadOptions {
  readonly server: BenchServer
  /** The number of rows of the changed table. */
  readonly rows: number
  readonly rounds: number
  /** An existing folder for the projects. */
  readonly folder: string
  readonly onRun: (line: string) => void
}

const CUSTOMERS = 100_000
const BASELINE_MS = 2000
/**
 * Each round begins later than the previous one, so that the migration meets the long reader at a
 * different point.
 */
const LATER_MS = 500
const SETTLE_MS = 100

/**
 * Runs each case with each entrant in turn, round after round; each round begins with a different
 * entrant.
 */
export async function measureLoad(options: LoadOptions): Promise<LoadRun[]> {
  const { server, rows, rounds, folder, onRun } = options
  const tablesProject = path.join(folder, 'tables')
  mkdirSync(tablesProject)
  writeTables(tablesProject)
  const url = await server.createDatabase()
  await expectDone(slipwayCommand(tablesProject, ['deploy', '--url', url]))
  const began = performance.now()
  const tables = await fill(url, rows)
  onRun(`${rows} rows generated in ${((performance.now() - began) / 1000).toFixed(0)} s`)
  const runs: LoadRun[] = []
  for (const one of cases) {
    const projects = await writeProjects(folder, tablesProject, one)
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < entrants.length; turn++) {
        const entrant = entrants[(round + turn) % entrants.length]
        if (entrant === undefined) continue
        const project = projects.get(entrant.name) ?? ''
        const run = await runCase({ url, tables, one, entrant, project, round })
        onRun(describe(run))
        runs.push(run)
      }
    }
  }
  await server.dropDatabase(url)
  return runs
}

async function fill(url: string, rows: number): Promise<ScaledTable[]> {
  return await withSession(addressOf(url), {}, async (session) =>
    fillToScale(session, {
      tables: (await readShape(session)).map((table) =>
        table.ref.name === 'orders' ? { ...table, references: [TO_CUSTOMERS] } : table,
      ),
      wanted: new Map([
        ['customers', CUSTOMERS],
        ['orders', rows],
      ]),
      distinct: new Set(['orders reference']),
      until: Infinity,
    }),
  )
}

/** The foreign key that a case adds: the rows already satisfy it. */
const TO_CUSTOMERS = { columns: ['customer_id'], table: 'customers', referenced: ['id'] }

interface CaseRun {
  readonly url: string
  readonly tables: readonly ScaledTable[]
  readonly one: Case
  readonly entrant: Entrant
  readonly project: string
  readonly round: number
}

async function runCase({ url, tables, one, entrant, project, round }: CaseRun): Promise<LoadRun> {
  const found = await withWorkload(addressOf(url), { tables, avoid: one.sql }, async (workload) => {
    await sleep(BASELINE_MS + round * LATER_MS)
    const from = workload.now()
    const wallMs = await expectDone(entrant.command(project, url))
    const window = { from, to: workload.now() }
    await sleep(SETTLE_MS)
    return { wallMs, waits: waitsOf(workload.samples, [], window) }
  })
  await rollBack(url, one)
  const longest = (kind: string) =>
    Math.max(
      0,
      ...found.waits.filter((waits) => waits.class === kind).map(({ during }) => during.longestMs),
    )
  return {
    case: one.id,
    entrant: entrant.name,
    readMs: longest('read'),
    writeMs: longest('write'),
    longReadMs: longest('long-read'),
    beforeMs: Math.max(...found.waits.map(({ before }) => before.longestMs)),
    failed: found.waits.reduce((sum, { during }) => sum + during.failed, 0),
    wallMs: found.wallMs,
  }
}

/** Checks that the work was done, and rolls it back with all its records. */
async function rollBack(url: string, { id, done, undo }: Case): Promise<void> {
  await withSession(addressOf(url), {}, async (session) => {
    const { rows } = await session.queryRaw(done)
    if (rows.length !== 1 || rows[0]?.[0] !== 't') throw new Error(`${id} was not done`)
    await session.execute(undo)
    await session.execute('DROP SCHEMA IF EXISTS slipway CASCADE')
    await session.execute(`DELETE FROM _prisma_migrations WHERE migration_name = '${CHANGE}'`)
    await session.execute('VACUUM (ANALYZE) orders')
    await session.execute('CHECKPOINT')
  })
}

async function expectDone(command: Parameters<typeof measure>[0]): Promise<number> {
  const run = await measure(command)
  if (!run.ok) throw new Error(run.reason)
  return run.measurement.wallMs
}

function addressOf(url: string): Address {
  return { kind: 'postgres', url: new ConnectionString(url) }
}

function describe({ entrant, readMs, writeMs, longReadMs, beforeMs, wallMs, ...run }: LoadRun) {
  const waits = `reads ${readMs}, writes ${writeMs}, long reader ${longReadMs} ms (before: ${beforeMs})`
  return `${run.case}: ${entrant}: ${waits}, ${wallMs.toFixed(0)} ms in all`
}
