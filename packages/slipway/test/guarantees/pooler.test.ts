import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { executeLocked, withSession } from '../../src/database/index.ts'
import { deploy } from '../../src/deploy/index.ts'
import { withDeployLock } from '../../src/deploy/postgres/lock.ts'
import { deployJournal, runMigrations } from '../../src/execution/index.ts'
import {
  compareHistory,
  createHistorySql,
  prepareLedger,
  readHistory,
} from '../../src/history/index.ts'
import { attempt, ConnectionString } from '../../src/kernel/index.ts'
import { parseMigration, parserFor } from '../../src/statements/index.ts'
import { runCli } from '../cli-in-process.ts'
import { freePort } from '../cluster.ts'
import { hasPgbouncer, type Pooler, type PoolerOptions, startPgbouncer } from '../pgbouncer.ts'
import { type Cluster, startCluster } from '../postgres.ts'
import { writeProject } from '../project.ts'
import { workOn } from '../target.ts'

// Guarantee 5 behind a pooler: a transaction group runs on the backend with the lock or not at all, and
// leaves nothing on the pool.

const FULL = process.env['FULL'] === '1'
const ROUNDS = FULL ? 20 : 3
const DEPLOYS = 8
const OTHERS = 8

/** Migrations that would also succeed a second time: only the counts show that one ran twice. */
const MIGRATIONS = Array.from({ length: 6 }, (_, n) => ({
  name: `2026010${n}000000_count`,
  sql: `CREATE TABLE IF NOT EXISTS runs (migration text);\nINSERT INTO runs VALUES ('${n}');\n`,
}))
const FILES = MIGRATIONS.map((one) => ({ ...one, path: one.name }))

let cluster: Cluster
let project: string
let databases = 0

beforeAll(async () => {
  if (!hasPgbouncer) return
  // Each round has a database with its own pool.
  cluster = await startCluster({ settings: { max_connections: '600' } })
  project = writeProject(MIGRATIONS)
})

afterAll(async () => {
  if (!hasPgbouncer) return
  await cluster.stop()
  rmSync(project, { recursive: true })
})

/** Connects. If the client loses its server, its next query fails. */
async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  return client
}

async function sql(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = await connect(url)
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

function directUrl(database: string): string {
  return Object.assign(new URL(cluster.url), { pathname: `/${database}` }).href
}

async function createDatabase(): Promise<string> {
  const name = `pooled_${databases++}`
  await sql(cluster.url, `CREATE DATABASE ${name}`)
  return name
}

/** Runs work while other clients keep the pool busy with transactions. */
async function amongOthers<T>(url: string, work: () => Promise<T>): Promise<T> {
  const ended = new AbortController()
  const others = await Promise.all(Array.from({ length: OTHERS }, () => connect(url)))
  const busy = others.map(async (client) => {
    while (!ended.signal.aborted) await client.query('BEGIN; SELECT pg_sleep(0.002); COMMIT')
  })
  try {
    return await work()
  } finally {
    ended.abort()
    await Promise.all(busy)
    await Promise.all(others.map((client) => client.end()))
  }
}

const SETTINGS = ['search_path', 'lock_timeout', 'statement_timeout', 'role', 'application_name']
const SESSION_STATE_SQL = `SELECT ${SETTINGS.map((name) => `current_setting('${name}') AS ${name}`).join(', ')},
  session_user AS "user", (SELECT count(*)::int FROM pg_prepared_statements) AS prepared`

/** The session state on each backend of a pool. Each is held in a transaction, so that the next one differs. */
async function readSessionStates(url: string): Promise<Record<string, unknown>[]> {
  const clients: pg.Client[] = []
  const left: Record<string, unknown>[] = []
  const { searchParams, pathname } = new URL(url)
  searchParams.delete('schema')
  const direct = directUrl(pathname.slice(1))
  const backends = await sql(
    direct,
    'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  )
  try {
    while (clients.length < backends.length) {
      const client = await connect(url)
      clients.push(client)
      await client.query('BEGIN')
      left.push(...(await client.query<Record<string, unknown>>(SESSION_STATE_SQL)).rows)
    }
  } finally {
    await Promise.all(clients.map((client) => client.end()))
  }
  return left
}

const UNTOUCHED = {
  search_path: '"$user", public',
  lock_timeout: '0',
  statement_timeout: '0',
  role: 'none',
  application_name: '',
  user: 'postgres',
  prepared: 0,
}

async function expectNothingLeft(url: string, database: string): Promise<void> {
  const left = await readSessionStates(url)
  expect(left).toEqual(left.map(() => UNTOUCHED))
  expect(await sql(directUrl(database), LOCKS_SQL)).toEqual([])
}

const LOCKS_SQL = `SELECT pid FROM pg_locks WHERE locktype = 'advisory'
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

/** Each migration that ran has run once. */
async function expectOnce(database: string): Promise<number> {
  const url = directUrl(database)
  const [found] = await sql(url, "SELECT to_regclass('runs') IS NOT NULL AS some")
  if (found?.['some'] !== true) return 0
  const rows = await sql(
    url,
    `SELECT migration_name, (SELECT count(*)::int FROM runs WHERE migration_name LIKE '2026010' || migration || '%') AS runs
     FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY 1`,
  )
  const expected = MIGRATIONS.slice(0, rows.length)
  expect(rows).toEqual(expected.map(({ name }) => ({ migration_name: name, runs: 1 })))
  const all = await sql(url, 'SELECT count(*)::int AS count FROM runs')
  expect(all).toEqual([{ count: rows.length }])
  return rows.length
}

describe.skipIf(!hasPgbouncer)('transaction pooling (if pgbouncer is installed)', () => {
  let pooler: Pooler

  beforeAll(async () => {
    const settings = { server_round_robin: '1', default_pool_size: '12' }
    pooler = await startPgbouncer(cluster, { mode: 'transaction', settings })
  })
  afterAll(() => pooler.stop())

  test(`${DEPLOYS} concurrent deploys among ${OTHERS} other clients are refused, ${ROUNDS} times`, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const database = await createDatabase()
      const url = pooler.urlOf(database)
      const codes = await amongOthers(url, () =>
        Promise.all(Array.from({ length: DEPLOYS }, () => deployTo(url))),
      )
      for (const code of codes)
        expect(['none', 'DATABASE.POOLER', 'DATABASE.LOCK_LOST']).toContain(code)
      await expectOnce(database)
      await expectNothingLeft(url, database)
    }
  }, 1_200_000)

  test(`the lock alone is enough if no probe detects the pooler, ${ROUNDS} times`, async () => {
    const codes = new Set<string>()
    for (let round = 0; round < ROUNDS; round++) {
      const database = await createDatabase()
      const url = pooler.urlOf(database)
      const ran = await amongOthers(url, () =>
        Promise.all(Array.from({ length: DEPLOYS }, () => deployUnprobed(url))),
      )
      for (const code of ran) codes.add(code)
      await expectOnce(database)
      expect(await sql(directUrl(database), LOCKS_SQL)).toEqual([])
    }
    expect(codes).toContain('DATABASE.LOCK_LOST')
  }, 1_200_000)

  test('?schema= is refused before it is set, even for a read-only command', async () => {
    const database = await createDatabase()
    await sql(directUrl(database), 'CREATE SCHEMA app')
    const url = pooler.urlOf(database)
    for (const command of ['status', 'deploy']) {
      const argv = [command, '--json', '--url', `${url}?schema=app`]
      const { exitCode, stdout } = await amongOthers(url, () => runCli(argv, { cwd: project }))
      expect(exitCode, stdout).toBe(2)
      expect(JSON.parse(stdout)).toMatchObject({ failure: { code: 'DATABASE.POOLER' } })
    }
    await expectNothingLeft(url, database)
  })

  test('a read-only command works and leaves nothing', async () => {
    const database = await createDatabase()
    const url = pooler.urlOf(database)
    for (const command of ['status', 'plan', 'drift', 'repair']) {
      const argv = [command, '--json', '--url', url]
      const { exitCode, stdout } = await runCli(argv, { cwd: project })
      expect(exitCode, stdout).toBe(0)
    }
    await expectNothingLeft(url, database)
  })

  test('backup create and restore are refused, and leave nothing', async () => {
    const database = await createDatabase()
    await sql(directUrl(database), 'CREATE TABLE a (id int)')
    const direct = await runCli(['backup', 'create', '--url', directUrl(database)], {
      cwd: project,
    })
    expect(direct.exitCode, direct.stdout).toBe(0)
    const url = pooler.urlOf(database)
    for (const command of [['create'], ['restore', '--confirm', database]]) {
      const argv = ['backup', ...command, '--json', '--url', url]
      const { exitCode, stdout } = await runCli(argv, { cwd: project })
      expect(exitCode, stdout).toBe(2)
      expect(JSON.parse(stdout)).toMatchObject({ failure: { code: 'DATABASE.POOLER' } })
    }
    expect(await sql(url, 'SELECT * FROM a')).toEqual([])
    await expectNothingLeft(url, database)
  })
})

/** Deploys. Returns the code of the failure. */
async function deployTo(url: string): Promise<string> {
  const address = { kind: 'postgres' as const, url: new ConnectionString(url) }
  const consent = { confirm: undefined }
  const ran = await attempt(() =>
    deploy({ ...workOn(address, FILES), consent, acceptDrift: false }),
  )
  return (ran.ok ? ran.value.failure?.code : ran.failure.code) ?? 'none'
}

/** Deploys like the executor, without the pooler probe. Returns the code of the failure. */
async function deployUnprobed(url: string): Promise<string> {
  const parser = await parserFor('postgres')
  const address = { kind: 'postgres' as const, url: new ConnectionString(url) }
  const { limits, signal, emit } = workOn(address, FILES)
  const wanted = { deadline: performance.now() + 20_000, signal, emit }
  const ran = await attempt(() =>
    withSession(address, {}, (session) =>
      withDeployLock(session, wanted, async (held) => {
        const { pending } = compareHistory(await readHistory(held), FILES)
        await executeLocked(held, createHistorySql(held))
        await prepareLedger(held)
        const plans = FILES.filter(({ name }) => pending.includes(name)).map((file) =>
          parseMigration(file, parser),
        )
        const executions = plans.map((migration) => ({
          migration,
          journal: deployJournal(held, migration.name, migration.checksum),
        }))
        const target = { session: held, address, limits, ...wanted }
        return await runMigrations(target, executions, [])
      }),
    ),
  )
  return (ran.ok ? ran.value.failure?.code : ran.failure.code) ?? 'none'
}

describe.skipIf(!hasPgbouncer)('other pooling modes (if pgbouncer is installed)', () => {
  async function withPooler<T>(options: PoolerOptions, work: (pooler: Pooler) => Promise<T>) {
    const pooler = await startPgbouncer(cluster, options)
    try {
      return await work(pooler)
    } finally {
      await pooler.stop()
    }
  }

  test('a deploy leaves nothing on a session pool that resets nothing', async () => {
    const settings = { server_reset_query: '', default_pool_size: '3' }
    await withPooler({ mode: 'session', settings }, async (pooler) => {
      const database = await createDatabase()
      const url = `${pooler.urlOf(database)}?schema=app`
      for (const command of ['deploy', 'status', 'deploy']) {
        const ran = await runCli([command, '--json', '--url', url], { cwd: project })
        expect(ran.exitCode, ran.stdout).toBe(0)
      }
      await expectNothingLeft(pooler.urlOf(database), database)
      const rows = await sql(
        directUrl(database),
        'SELECT count(*)::int FROM app._prisma_migrations',
      )
      expect(rows).toEqual([{ count: MIGRATIONS.length }])
    })
  })

  test('consent is by the name of the database, or by its alias on the pooler', async () => {
    const database = await createDatabase()
    const aliases = { shop: database }
    await withPooler({ mode: 'session', aliases }, async (pooler) => {
      const drop = { name: '20260201000000_drop', sql: 'DROP TABLE runs;' }
      const root = writeProject([...MIGRATIONS, drop])
      const config =
        "export default { environments: { live: { url: 'env:LIVE', confirm: true } } }\n"
      writeFileSync(path.join(root, 'slipway.config.ts'), config)
      const deployAs = async (name: string) => {
        const argv = ['deploy', '--json', '--env', 'live', '--confirm', name]
        const { exitCode, stdout } = await runCli(argv, {
          cwd: root,
          env: { LIVE: pooler.urlOf('shop') },
        })
        return { exitCode, ...(JSON.parse(stdout) as { failure: { code: string } | null }) }
      }
      expect(await deployAs('other')).toMatchObject({ failure: { code: 'APP.CONSENT_NEEDED' } })
      expect(await deployAs(database)).toMatchObject({ exitCode: 0 })
      expect(await deployAs('shop')).toMatchObject({ exitCode: 0 })
      rmSync(root, { recursive: true })
    })
  })

  test('a session pool with one session is not reported as a transaction pooler', async () => {
    await withPooler({ mode: 'session', settings: { default_pool_size: '1' } }, async (pooler) => {
      const url = pooler.urlOf(await createDatabase())
      const ran = await runCli(['deploy', '--json', '--url', url], { cwd: project })
      expect(ran.exitCode, ran.stdout).toBe(0)
    })
  })

  test('statement pooling is reported as such', async () => {
    await withPooler({ mode: 'statement' }, async (pooler) => {
      const url = pooler.urlOf(await createDatabase())
      const { exitCode, stdout } = await runCli(['deploy', '--json', '--url', url], {
        cwd: project,
      })
      expect(exitCode).toBe(2)
      expect(JSON.parse(stdout)).toMatchObject({
        failure: {
          code: 'DATABASE.POOLER',
          message: 'The connection goes through a pooler that pools statements.',
        },
      })
    })
  })

  test('a lock that another client left on the backend is not taken over', async () => {
    const settings = { server_reset_query: '', default_pool_size: '3' }
    await withPooler({ mode: 'session', settings }, async (pooler) => {
      const database = await createDatabase()
      const url = pooler.urlOf(database)
      await sql(url, 'SELECT pg_advisory_lock(72707369)')
      const { exitCode, stdout } = await runCli(['deploy', '--json', '--url', url], {
        cwd: project,
      })
      expect(exitCode, stdout).toBe(2)
      const { failure } = JSON.parse(stdout) as { failure: { code: string; nextActions: object[] } }
      expect(failure.code).toBe('DATABASE.POOLER')
      expect(JSON.stringify(failure.nextActions)).toContain('pg_terminate_backend')
      expect(await expectOnce(database)).toBe(0)
    })
  })
})

test('pgbouncer=true is refused before any connection', async () => {
  const root = writeProject(MIGRATIONS)
  const url = `postgresql://shop@127.0.0.1:${await freePort()}/shop?pgbouncer=true`
  for (const argv of [['deploy'], ['rollback'], ['repair', '--undo'], ['kept', 'prune']]) {
    const { exitCode, stdout } = await runCli([...argv, '--json', '--url', url], { cwd: root })
    expect(exitCode, stdout).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({ failure: { code: 'DATABASE.POOLER' } })
  }
  rmSync(root, { recursive: true })
})
