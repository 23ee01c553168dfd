import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { EVENTUALLY, checkNamed, inspect, urlAs } from '../../test/inspection.ts'
import { type Cluster, startCluster } from '../../test/postgres.ts'
import type { HealthFinding, InspectRequest } from './index.ts'

// Uses its own server, because activity of other tests on the shared one would appear among the findings.

let cluster: Cluster
const open: pg.Client[] = []

beforeAll(async () => {
  cluster = await startCluster({
    settings: { max_prepared_transactions: '5', max_connections: '20' },
  })
  await run(`CREATE TABLE "T" (a int); INSERT INTO "T" VALUES (1); GRANT ALL ON "T" TO PUBLIC;
    CREATE ROLE nothing LOGIN PASSWORD 'x'; CREATE ROLE monitor LOGIN PASSWORD 'x' IN ROLE pg_monitor`)
})
afterEach(async () => {
  for (const client of open.splice(0)) await client.end()
})
afterAll(() => cluster.stop())

async function run(sql: string): Promise<void> {
  const client = await session('setup')
  await client.query(sql)
  await client.end()
  open.splice(open.indexOf(client), 1)
}

async function session(application: string, url = cluster.url): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: application })
  client.on('error', () => {})
  await client.connect()
  open.push(client)
  return client
}

async function found(
  id: HealthFinding['id'],
  thresholds: InspectRequest['thresholds'],
  url = cluster.url,
): Promise<readonly HealthFinding[]> {
  const { findings } = await inspect(url, { thresholds })
  return findings.filter((one) => one.id === id)
}

const SECRET = '4929-SECRET-7788'

test('an idle and a working transaction, and neither below its threshold', async () => {
  const idle = await session('shop web')
  await idle.query('BEGIN')
  await idle.query(`SELECT '${SECRET}' /*action='findMany',model='Carrier'*/`)
  const busy = await session('report')
  const working = busy.query('SELECT pg_sleep(60)').catch(() => undefined)
  await sleep(1100)
  const both = { longTransactionSeconds: 1, idleTransactionSeconds: 1 }
  const findings = await found('long-transaction', both)
  expect(findings.map(({ evidence }) => evidence['application'])).toEqual(['shop web', 'report'])
  expect(findings[0]).toMatchObject({
    severity: 'warning',
    message: expect.stringContaining('nothing runs in it') as string,
    evidence: { state: 'idle in transaction', model: 'Carrier', action: 'findMany' },
    sql: expect.stringMatching(/^SELECT pg_terminate_backend\(\d+\);$/) as string,
  })
  expect(JSON.stringify(findings)).not.toContain('SECRET')
  const idleOnly = { longTransactionSeconds: 600, idleTransactionSeconds: 1 }
  expect((await found('long-transaction', idleOnly)).length).toBe(1)
  expect(
    await found('long-transaction', { longTransactionSeconds: 600, idleTransactionSeconds: 600 }),
  ).toEqual([])
  await run(findings[1]?.sql ?? '')
  await working
  expect((await found('long-transaction', both)).length).toBe(1)
  await run(findings[0]?.sql ?? '')
  expect(await found('long-transaction', both)).toEqual([])
})

test('no session without a transaction, however old, and none of another database', async () => {
  await run('CREATE DATABASE other')
  await session('idle')
  const url = Object.assign(new URL(cluster.url), { pathname: '/other' }).href
  const elsewhere = await session('elsewhere', url)
  await elsewhere.query('BEGIN')
  await elsewhere.query('SELECT 1')
  await sleep(1100)
  expect(
    await found('long-transaction', { longTransactionSeconds: 1, idleTransactionSeconds: 1 }),
  ).toEqual([])
})

test('a prepared transaction', async () => {
  const client = await session('two-phase')
  await client.query(`BEGIN; INSERT INTO "T" VALUES (2); PREPARE TRANSACTION '${SECRET}'`)
  await sleep(1100)
  const findings = await found('long-transaction', { longTransactionSeconds: 1 })
  expect(findings).toMatchObject([{ evidence: { prepared: true, owner: 'postgres' }, sql: null }])
  expect(JSON.stringify(findings)).not.toContain('SECRET')
  expect(await found('long-transaction', { longTransactionSeconds: 600 })).toEqual([])
  await client.query(`ROLLBACK PREPARED '${SECRET}'`)
})

test('the session at the head of a queue is reported once, with all sessions that wait for it', async () => {
  const holder = await session('holder')
  await holder.query(`BEGIN; LOCK TABLE "T"; SELECT '${SECRET}' /*action='update',model='Load'*/`)
  const second = await session('second')
  const third = await session('third')
  const waiting = [
    second.query('BEGIN; LOCK TABLE "T"').catch(() => undefined),
    third.query(`SELECT * FROM "T" WHERE a = 49297788`).catch(() => undefined),
  ]
  await expect
    .poll(
      async () => (await found('session-blocks', { blockedSeconds: 0 }))[0]?.evidence['waiting'],
      EVENTUALLY,
    )
    .toHaveLength(2)
  const findings = await found('session-blocks', { blockedSeconds: 0 })
  expect(findings).toMatchObject([
    {
      message: expect.stringMatching(
        /\(holder\) makes 2 sessions wait for a lock, the longest for/,
      ) as string,
      evidence: {
        application: 'holder',
        state: 'idle in transaction',
        model: 'Load',
        action: 'update',
        relations: ['T'],
      },
    },
  ])
  expect(JSON.stringify(findings)).not.toMatch(/SECRET|49297788/)
  const figures = (await inspect(cluster.url)).figures
  expect(figures).toContainEqual(expect.objectContaining({ name: 'blocked_sessions', value: 2 }))
  expect(await found('session-blocks', { blockedSeconds: 600 })).toEqual([])
  // A role without privileges sees who waits for whom, and since PostgreSQL 14 also for how long.
  const blind = await found('session-blocks', { blockedSeconds: 0 }, urlAs(cluster.url, 'nothing'))
  expect(blind).toMatchObject([
    { evidence: { application: 'holder', state: null, model: null, relations: ['T'] } },
  ])
  await run(findings[0]?.sql ?? '')
  await second.end()
  await Promise.all(waiting)
  expect(await found('session-blocks', { blockedSeconds: 0 })).toEqual([])
})

test('connections of the server, the database and the role, at and below the thresholds', async () => {
  await run("CREATE ROLE few LOGIN PASSWORD 'x' CONNECTION LIMIT 4")
  await run('CREATE DATABASE narrow CONNECTION LIMIT 5')
  const url = urlAs(Object.assign(new URL(cluster.url), { pathname: '/narrow' }).href, 'few')
  const scopes = async (thresholds: InspectRequest['thresholds']) =>
    (await found('connections-near-limit', thresholds, url)).map(
      ({ evidence, severity }) => `${String(evidence['scope'])} ${severity}`,
    )
  await session('one', url)
  await session('two', url)
  // Three connections, including the inspection itself.
  expect(await scopes({ connectionsWarning: 0.76 })).toEqual([])
  expect(await scopes({ connectionsWarning: 0.75 })).toEqual(['role warning'])
  expect(await scopes({ connectionsWarning: 0.6 })).toEqual(['database warning', 'role warning'])
  expect(await scopes({ connectionsWarning: 0.6, connectionsError: 0.7 })).toEqual([
    'role error',
    'database warning',
  ])
  const { figures } = await inspect(url)
  expect(figures).toContainEqual(
    expect.objectContaining({ name: 'connections_limit', value: 17, labels: { scope: 'server' } }),
  )
  expect(await scopes({ connectionsWarning: 0.01 })).toContain('server warning')
})

test('the report names what a role may not read; pg_monitor reads everything', async () => {
  const busy = await session('busy')
  await busy.query('BEGIN')
  await busy.query('SELECT 1')
  await sleep(1100)
  const thresholds = { longTransactionSeconds: 1, idleTransactionSeconds: 1 }
  const blind = await inspect(urlAs(cluster.url, 'nothing'), { thresholds })
  expect(checkNamed(blind, 'transactions')).toEqual({
    name: 'transactions',
    status: 'partly-read',
    reason: 'transactions of other roles not readable: needs pg_monitor',
    findings: 0,
  })
  expect(checkNamed(blind, 'statements')).toMatchObject({
    status: 'not-readable',
    reason: expect.stringContaining('needs the extension pg_stat_statements') as string,
  })
  expect(checkNamed(blind, 'last backup')).toMatchObject({ status: 'not-readable' })
  for (const name of [
    'connections',
    'blocked sessions',
    'wraparound',
    'vacuum',
    'duplicate indexes',
    'cache',
  ])
    expect(checkNamed(blind, name), name).toMatchObject({ status: 'read', reason: null })
  const monitor = await inspect(urlAs(cluster.url, 'monitor'), { thresholds })
  expect(checkNamed(monitor, 'transactions')).toMatchObject({ status: 'read', findings: 1 })
})

test('a locked catalog delays nothing, and the other checks continue', async () => {
  const holder = await session('holder')
  await holder.query('BEGIN; LOCK TABLE pg_sequence')
  const held = await inspect(cluster.url)
  expect(checkNamed(held, 'sequences')).toMatchObject({
    status: 'not-readable',
    reason: 'not readable: another session holds a lock that it would have to wait for',
  })
  expect(checkNamed(held, 'vacuum')).toMatchObject({ status: 'read' })
  await holder.query('ROLLBACK; BEGIN; LOCK TABLE "T"')
  expect(
    (await inspect(cluster.url)).checks.filter(({ reason }) => reason?.includes('lock')),
  ).toEqual([])
})

test('with no time left it fails, and says why', async () => {
  await expect(inspect(cluster.url, { deadlineMs: 0 })).rejects.toMatchObject({
    failure: { code: 'INSPECT.NOTHING_READ', why: 'the time limit of the inspection was reached' },
  })
})
