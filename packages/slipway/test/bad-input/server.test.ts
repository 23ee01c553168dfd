import { rmSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../cli-in-process.ts'
import { freePort } from '../cluster.ts'
import { hasPgbouncer, type Pooler, startPgbouncer } from '../pgbouncer.ts'
import { type Cluster, startCluster } from '../postgres.ts'
import { addMigration, writeProject } from '../project.ts'
import { startOldServer } from './old-server.ts'
import { nextSteps, refusal } from './refusal.ts'
import { APPLIED, FINE, MODELS, ROW_SECRET } from './shop.ts'
import { mountSmallDisk } from './small-disk.ts'

// A server, a database or a role that a deploy cannot use is a failure with its own code and a next step, and
// nothing is changed. The tests have a separate server that requires passwords, as production does.

const WRONG = 'wrong-Passw0rd'
let cluster: Cluster
let project: string

beforeAll(async () => {
  cluster = await startCluster()
  project = writeProject([...APPLIED, FINE], MODELS)
  await onServer('CREATE DATABASE shop')
  await deployFirst(urlOf('shop'))
  await onServer("CREATE ROLE weak LOGIN PASSWORD 'weak-Passw0rd'")
})

afterAll(async () => {
  await cluster.stop()
  rmSync(project, { recursive: true })
})

/** Deploys the migrations that are applied when a test begins. */
async function deployFirst(url: string): Promise<void> {
  const cwd = writeProject(APPLIED, MODELS)
  const ran = await runCli(['deploy', '--url', url], { cwd })
  expect(ran.exitCode, ran.stderr).toBe(0)
  rmSync(cwd, { recursive: true })
}

/** The connection string of a database of the cluster, with changes. */
function urlOf(
  database: string,
  changes: Partial<Pick<URL, 'username' | 'password' | 'port'>> = {},
): string {
  return Object.assign(new URL(cluster.url), { pathname: `/${database}`, ...changes }).href
}

async function onServer(sql: string, database = 'postgres'): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: urlOf(database) })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

/** A deploy to `url` that is refused and does not change the database `shop` or the given one. */
async function refusedDeploy(refused: {
  readonly url: string
  readonly code: string
  readonly exit?: number
  readonly unchanged?: string
  readonly cwd?: string
}) {
  const { url, code, exit = 2, unchanged = 'shop', cwd = project } = refused
  const argv = ['deploy']
  return await refusal({
    argv,
    cwd,
    url,
    code,
    exit,
    unchanged: urlOf(unchanged),
    secrets: [ROW_SECRET, WRONG],
  })
}

describe('connection', () => {
  test('a wrong password', async () => {
    const url = urlOf('shop', { password: WRONG })
    const { failure } = await refusedDeploy({ url, code: 'DATABASE.AUTHENTICATION' })
    expect(failure.server?.sqlstate).toBe('28P01')
    expect(nextSteps(failure)).toContain('slipway doctor')
  })

  test('a host that is down', async () => {
    const url = urlOf('shop', { port: String(await freePort()) })
    const { failure } = await refusedDeploy({ url, code: 'DATABASE.UNREACHABLE' })
    expect(failure.message).toContain(new URL(url).host)
  })

  test('a missing database, which is not created', async () => {
    const { failure } = await refusedDeploy({ url: urlOf('shpo'), code: 'DATABASE.NOT_FOUND' })
    expect(failure.message).toContain('shpo')
  })

  test.each(['mysql', 'sqlserver', 'mongodb'])('a connection string of %s', async (scheme) => {
    const url = `${scheme}://shop:${WRONG}@127.0.0.1:${cluster.port}/shop`
    await refusedDeploy({ url, code: 'DATABASE.PROVIDER_UNSUPPORTED' })
  })

  test('an invalid connection string', async () => {
    await refusedDeploy({ url: `postgresql://shop:${WRONG}#@[/shop`, code: 'DATABASE.URL_INVALID' })
  })
})

describe('rights', () => {
  const weak = { username: 'weak', password: 'weak-Passw0rd' }

  test('a role that may create nothing', async () => {
    await onServer('CREATE DATABASE empty')
    await onServer('REVOKE CREATE ON SCHEMA public FROM PUBLIC', 'empty')
    const url = urlOf('empty', weak)
    const { failure } = await refusedDeploy({
      url,
      code: 'DATABASE.PERMISSION',
      unchanged: 'empty',
    })
    expect(nextSteps(failure)).toContain('CREATE SCHEMA "slipway" AUTHORIZATION "weak"')
    expect(nextSteps(failure)).toContain('GRANT CREATE ON DATABASE "empty" TO "weak"')
    expect(nextSteps(failure)).toContain('GRANT USAGE, CREATE ON SCHEMA "public" TO "weak"')
  })

  test('a role that may not read the history', async () => {
    const { failure } = await refusedDeploy({
      url: urlOf('shop', weak),
      code: 'DATABASE.PERMISSION',
    })
    expect(nextSteps(failure)).toContain('GRANT ALL ON TABLE "_prisma_migrations" TO "weak"')
  })

  test('a role that does not own what a migration changes', async () => {
    await onServer('CREATE DATABASE owned')
    await onServer(
      'GRANT ALL ON DATABASE owned TO weak; GRANT ALL ON SCHEMA public TO weak',
      'owned',
    )
    for (const kind of ['SCHEMAS', 'TABLES', 'SEQUENCES'])
      await onServer(`ALTER DEFAULT PRIVILEGES GRANT ALL ON ${kind} TO weak`, 'owned')
    await deployFirst(urlOf('owned'))
    const cwd = writeProject([
      ...APPLIED,
      { name: '20260103000000_age', sql: 'SELECT 1;\nALTER TABLE "User" ADD COLUMN "age" INT;' },
    ])
    const url = urlOf('owned', weak)
    const refused = { url, code: 'DATABASE.PERMISSION', exit: 5, unchanged: 'owned', cwd }
    const { failure, result } = await refusedDeploy(refused)
    expect(failure.server?.message).toContain('must be owner of table User')
    expect(nextSteps(failure)).toContain('GRANT owner TO "weak"')
    expect(result['receipts']).toMatchObject([
      { migration: '20260103000000_age', status: 'failed' },
    ])
    rmSync(cwd, { recursive: true })
  })
})

describe('server', () => {
  test('a read-only standby', async () => {
    const standby = await startCluster({ standby: true })
    try {
      const { url } = standby
      await refusal({
        argv: ['deploy'],
        cwd: project,
        url,
        code: 'DATABASE.READ_ONLY',
        exit: 2,
        unchanged: url,
      })
    } finally {
      await standby.stop()
    }
  })

  test('older than 13', async () => {
    const old = await startOldServer(urlOf('shop'), '12.22 (Debian 12.22-1.pgdg120+1)')
    try {
      const { failure } = await refusedDeploy({ url: old.url, code: 'DATABASE.TOO_OLD' })
      expect(failure.message).toContain('12.22')
    } finally {
      await old.close()
    }
  })

  test('a full disk, then free space again', async ({ skip }) => {
    const disk = await smallDatabase()
    if (disk === undefined) return skip(NO_DISK)
    const rows =
      'SELECT md5(n::text) || md5((-n)::text) AS text FROM generate_series(1, 400000) AS n'
    const cwd = writeProject([
      ...APPLIED,
      { name: '20260103000000_fill', sql: `SELECT 1;\nCREATE TABLE "Big" AS ${rows};` },
    ])
    await refusedForRoom(cwd, '20260103000000_fill', 'small')
    await disk.remove()
    rmSync(cwd, { recursive: true })
  })

  test('a disk that is full before all data is kept: nothing is destroyed', async ({ skip }) => {
    const disk = await smallDatabase()
    if (disk === undefined) return skip(NO_DISK)
    const wide = {
      name: '20260103000000_wide',
      sql: `CREATE TABLE "Wide" (id integer PRIMARY KEY, text text);
        INSERT INTO "Wide" SELECT n, md5(n::text) || md5((-n)::text) FROM generate_series(1, 110000) AS n;`,
    }
    const cwd = writeProject([...APPLIED, wide])
    const deployed = await runCli(['deploy', '--json', '--url', urlOf('small')], { cwd })
    expect(deployed.exitCode, deployed.stdout).toBe(0)
    const sums = () =>
      onServer('SELECT count(*), sum(hashtextextended(text, id)::numeric) FROM "Wide"', 'small')
    const before = await sums()
    const drop = { name: '20260104000000_drop', sql: 'ALTER TABLE "Wide" DROP COLUMN text;' }
    addMigration(cwd, drop)
    // The tables and triggers that keep data exist already. The checksums below show that nothing else changed.
    await refusedForRoom(cwd, drop.name, 'shop')
    expect(await sums()).toEqual(before)
    expect(await onServer('SELECT FROM slipway.kept', 'small')).toEqual([])
    await disk.remove()
    rmSync(cwd, { recursive: true })
  })
})

const NO_DISK = 'this machine does not let us mount a small disk'

/** A database named `small` on a small disk, with the first migrations deployed. */
async function smallDatabase(): Promise<{ remove(): Promise<void> } | undefined> {
  const disk = mountSmallDisk(cluster, 24)
  if (disk === undefined) return undefined
  await onServer(`CREATE TABLESPACE small LOCATION '${disk.dir}'`)
  await onServer('CREATE DATABASE small TABLESPACE small')
  await deployFirst(urlOf('small'))
  return {
    remove: async () => {
      await onServer('DROP DATABASE small WITH (FORCE)')
      await onServer('DROP TABLESPACE small')
      await disk.remove()
    },
  }
}

/** The last migration finds no disk space: it fails as a whole and stays pending. */
async function refusedForRoom(cwd: string, migration: string, unchanged: string): Promise<void> {
  const url = urlOf('small')
  const { failure, result } = await refusedDeploy({
    url,
    code: 'DATABASE.DISK_FULL',
    exit: 5,
    unchanged,
    cwd,
  })
  expect(failure.server?.sqlstate).toBe('53100')
  expect(result['receipts']).toMatchObject([{ migration, status: 'failed' }])
  const again = await runCli(['status', '--json', '--url', url], { cwd })
  expect(JSON.parse(again.stdout)).toMatchObject({ result: { state: 'behind' } })
}

describe.skipIf(!hasPgbouncer)('pooler (if pgbouncer is installed)', () => {
  const poolers = new Map<'transaction' | 'session', Pooler>()

  beforeAll(async () => {
    for (const mode of ['transaction', 'session'] as const)
      poolers.set(mode, await startPgbouncer(cluster, { mode }))
  })
  afterAll(async () => {
    for (const pooler of poolers.values()) await pooler.stop()
  })

  test('a transaction pooler is refused', async () => {
    const url = poolers.get('transaction')?.urlOf('shop') ?? ''
    const { failure } = await refusedDeploy({ url, code: 'DATABASE.POOLER' })
    expect(nextSteps(failure)).toContain('directUrl')
  })

  test('a session pooler is accepted', async () => {
    await onServer('CREATE DATABASE pooled')
    const url = poolers.get('session')?.urlOf('pooled') ?? ''
    const ran = await runCli(['deploy', '--json', '--url', url], { cwd: project })
    expect(ran.exitCode, ran.stdout).toBe(0)
  })
})
