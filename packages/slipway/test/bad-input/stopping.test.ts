import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { runCli } from '../cli-in-process.ts'
import { startCli } from '../cli.ts'
import { type Cluster, createDatabase, startCluster, type TestDatabase } from '../postgres.ts'
import { addMigration, type TestMigration, writeProject } from '../project.ts'
import { databaseSnapshot } from './database-snapshot.ts'
import { nextSteps, refusal, type Refusal } from './refusal.ts'
import { APPLIED, FINE, MODELS, ROW_SECRET } from './shop.ts'

// A deploy that is blocked or stopped fails with its own code. The database is unchanged, or in a state from
// which the next deploy can continue.

const MIGRATE_LOCK = 72_707_369
// Sleeps as long as the table says, so that the deploy after a stopped one can be quick.
const SLOW = 'SELECT pg_sleep("seconds") FROM "Pause";\n'
const PAUSE: TestMigration = {
  name: '20260103000000_pause',
  sql: 'CREATE TABLE "Pause" ("seconds" INTEGER NOT NULL);\nINSERT INTO "Pause" VALUES (60);\n',
}

let cluster: Cluster
let database: TestDatabase
let project: string

beforeAll(async () => {
  cluster = await startCluster()
})

afterAll(() => cluster.stop())

beforeEach(async () => {
  database = await createDatabase({ server: cluster.url })
  project = writeProject([...APPLIED, PAUSE], MODELS)
  const ran = await deploy()
  expect(ran.exitCode, ran.stderr).toBe(0)
})

afterEach(async () => {
  await database.drop()
  rmSync(project, { recursive: true })
})

const deploy = () => runCli(['deploy', '--json', '--url', database.url], { cwd: project })
const takeSnapshot = () => databaseSnapshot(database.url, { ledger: false })

async function withClient<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: database.url, application_name: 'night job' })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** A deploy that gives up soon and does not change the database. */
async function refusedDeploy(code: string, exit: number, deadline: string): Promise<Refusal> {
  writeFileSync(
    path.join(project, 'slipway.config.ts'),
    `export default { environments: { development: { deploy: { deadline: '${deadline}' } } } }\n`,
  )
  const { url } = database
  const argv = ['deploy', '--env', 'development']
  const refused = { argv, cwd: project, url, code, exit, unchanged: url, mayRecord: true }
  return await refusal({ ...refused, secrets: [ROW_SECRET] })
}

describe('other sessions', () => {
  test('two concurrent deploys: one works, the other waits and names it', async () => {
    addMigration(project, { name: '20260104000000_slow', sql: SLOW })
    await withClient((client) => client.query('UPDATE "Pause" SET "seconds" = 2'))
    const start = () => startCli(['deploy', '--json'], { cwd: project, url: database.url }).ended
    const ran = await Promise.all([start(), start()])
    expect(ran.map(({ code }) => code)).toEqual([0, 0])
    const receipts = ran.map(
      ({ stdout }) => (JSON.parse(stdout) as Receipts).result.receipts.length,
    )
    expect(receipts.toSorted((a, b) => a - b)).toEqual([0, 1])
    expect(ran[receipts.indexOf(0)]?.stderr).toContain('slipway deploy')
  })

  test('another deploy that holds the lock until the deadline', async () => {
    addMigration(project, FINE)
    await withClient(async (holder) => {
      await holder.query(`SELECT pg_advisory_lock(${MIGRATE_LOCK})`)
      const { failure } = await refusedDeploy('DEPLOY.LOCKED', 2, '500ms')
      expect(failure.why).toContain('night job')
      expect(nextSteps(failure)).toContain('pg_terminate_backend')
    })
  })

  test('another session that locks a table until the deadline', async () => {
    addMigration(project, {
      name: '20260104000000_age',
      sql: 'ALTER TABLE "User" ADD COLUMN "age" INTEGER;\n',
    })
    await withClient(async (holder) => {
      await holder.query(`BEGIN; SELECT * FROM "User" WHERE "email" = '${ROW_SECRET}'`)
      const { failure } = await refusedDeploy('DEPLOY.LOCK_TIMEOUT', 5, '4s')
      expect(failure.why).toContain('night job')
      expect(nextSteps(failure)).toContain('slipway deploy')
    })
  })
})

interface Receipts {
  readonly result: { readonly receipts: readonly object[] }
}

/** How a slow migration runs, and whether its first part remains when its slow statement is stopped. */
const RUN_MODES = {
  'in one transaction': { sql: `${FINE.sql}${SLOW}`, firstPartRemains: false },
  'step by step': {
    sql: `CREATE INDEX CONCURRENTLY "User_email_idx" ON "User"("email");\n${SLOW}`,
    firstPartRemains: true,
  },
}

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s: exit %i', (signal, exit) => {
  test.each(Object.entries(RUN_MODES))(
    'a migration that runs %s',
    async (_way, { sql, firstPartRemains }) => {
      const before = await takeSnapshot()
      const name = '20260104000000_slow'
      addMigration(project, { name, sql })
      const running = startCli(['deploy', '--json'], { cwd: project, url: database.url })
      await withClient(untilItSleeps)
      running.child.kill(signal)
      const ended = await running.ended
      const { failure, next } = JSON.parse(ended.stdout) as Refusal
      expect({ exit: ended.code, code: failure.code }).toEqual({ exit, code: 'DEPLOY.STOPPED' })
      expect(next).not.toEqual([])
      if (!firstPartRemains) expect(await takeSnapshot()).toEqual(before)
      await withClient((client) => client.query('UPDATE "Pause" SET "seconds" = 0'))
      const again = await deploy()
      expect(again.exitCode, again.stdout).toBe(0)
      const status = await runCli(['status', '--json', '--url', database.url], { cwd: project })
      expect(JSON.parse(status.stdout)).toMatchObject({ result: { state: 'up-to-date' } })
    },
  )
})

async function untilItSleeps(client: pg.Client): Promise<void> {
  const sleeping = `SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event = 'PgSleep' AND state = 'active'`
  for (const deadline = Date.now() + 20_000; ; await sleep(20)) {
    if (((await client.query(sleeping)).rowCount ?? 0) > 0) return
    if (Date.now() > deadline) throw new Error('The slow statement does not run')
  }
}
