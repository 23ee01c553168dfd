import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { TestDatabase } from '../../../slipway/test/postgres.ts'
import { runSql } from '../../../slipway/test/run-sql.ts'
import { createTestDatabase } from '../../test/database.ts'
import { type Gate, startGate } from '../../test/gate.ts'
import { PrismaClient } from '../../test/generated/client.ts'
import { createPool } from '../pool/index.ts'
import { createHealth, type Health, migrationsIn } from './index.ts'

let database: TestDatabase
let gate: Gate
let pool: pg.Pool
beforeAll(async () => {
  database = await createTestDatabase()
  gate = await startGate(database.url)
  pool = createPool(gate.url, 'server', { max: 2, acquireTimeout: 2000 })
})
afterEach(() => gate.hang(false))
afterAll(async () => {
  // The gate first: the pool waits for responses that it holds back.
  await gate.close()
  await pool.end()
  await database.drop()
})

const request = (token?: string) =>
  new Request('http://localhost/', token ? { headers: { authorization: `Bearer ${token}` } } : {})

async function ready(health: Health): Promise<[number, unknown]> {
  const response = await health.ready(request())
  return [response.status, await response.json()]
}

/** Long enough for a busy machine. */
const PATIENCE = 30_000

const READY = [200, { status: 'ready', failed: [] }]

describe('ready', () => {
  it('follows the database down and up again on its own', async () => {
    const health = createHealth({ pool, reuseFor: 0, timeout: PATIENCE })
    expect(await ready(health)).toEqual(READY)
    await gate.close()
    expect(await ready(health)).toEqual([503, { status: 'not-ready', failed: ['database'] }])
    await gate.open()
    await expect.poll(() => ready(health), { timeout: PATIENCE }).toEqual(READY)
  })

  it('fails fast if the database hangs, and queries it once for many probes', async () => {
    const health = createHealth({ pool, timeout: 200, reuseFor: 0 })
    await ready(health)
    gate.hang(true)
    const begin = performance.now()
    const answers = await Promise.all(Array.from({ length: 50 }, () => ready(health)))
    expect(performance.now() - begin).toBeLessThan(10_000)
    expect(answers.map(([status]) => status)).toEqual(Array(50).fill(503))
    expect(pool.totalCount).toBeLessThanOrEqual(1)
  })

  it('reuses a report for a while', async () => {
    let runs = 0
    const health = createHealth({ checks: { counted: async () => void runs++ }, reuseFor: 100 })
    await Promise.all([ready(health), ready(health)])
    await ready(health)
    expect(runs).toBe(1)
    await expect.poll(async () => (await ready(health), runs)).toBe(2)
  })

  it('fails when more operations wait than the pool has connections', async () => {
    const own = createPool(database.url, 'server', { max: 1 })
    const health = createHealth({ pool: own, reuseFor: 0, timeout: 2000 })
    const held = await own.connect()
    const waiting = own.query('SELECT 1')
    expect(await ready(health)).toMatchObject([503, { failed: ['pool', 'database'] }])
    held.release()
    await waiting
    expect(await ready(health)).toEqual(READY)
    await own.end()
  })

  it('works with a Prisma client, and with checks of the application', async () => {
    const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: database.url }) })
    let mail: 'up' | 'slow' | 'down' = 'up'
    const checkMail = async () => {
      if (mail === 'down') throw new Error('smtp://user:secret@mail refused')
      if (mail === 'slow') return { status: 'warn', problem: 'The queue is long.' } as const
    }
    const checks = { mail: checkMail }
    const health = createHealth({ prisma, checks, reuseFor: 0, token: 't', timeout: PATIENCE })
    expect(await ready(health)).toEqual(READY)
    mail = 'slow'
    expect(await ready(health)).toEqual(READY)
    mail = 'down'
    expect(await ready(health)).toEqual([503, { status: 'not-ready', failed: ['mail'] }])
    expect(await (await health.details(request('t'))).text()).not.toContain('secret')
    await prisma.$disconnect()
  })

  it('is false once the instance is draining', async () => {
    const health = createHealth({ checks: {} })
    health.drain()
    expect(await ready(health)).toEqual([503, { status: 'not-ready', failed: ['draining'] }])
    expect((await health.live(request())).status).toBe(200)
  })
})

describe('live', () => {
  it('answers while the database hangs', async () => {
    const health = createHealth({ pool, timeout: 10_000 })
    gate.hang(true)
    const response = await health.live(request())
    expect([response.status, await response.json()]).toEqual([200, { status: 'live' }])
  })
})

describe('details', () => {
  it('require the token', async () => {
    const health = createHealth({ pool, token: 'let-me-in', disk: { maxBytes: 1 } })
    expect((await health.details(request())).status).toBe(401)
    expect((await health.details(request('wrong'))).status).toBe(401)
    const response = await health.details(request('let-me-in'))
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      status: 'ready',
      draining: false,
      checks: {
        database: { status: 'pass', facts: { latency: expect.any(Number) as number } },
        pool: { status: 'pass', facts: { max: 2, waiting: 0 } },
        disk: { status: 'warn', problem: 'The database is larger than 1 bytes.' },
      },
    })
  })

  it('are forbidden if no token is configured', async () => {
    const health = createHealth({ pool })
    expect((await health.details(request('anything'))).status).toBe(403)
    const unset = createHealth({ pool, token: '' })
    expect((await unset.details(request())).status).toBe(401)
  })

  it('name unusable replicas, and stay ready', async () => {
    const replicas = {
      status: () => [
        { name: 'east', usable: true, lag: 3 },
        { name: 'west', usable: false, lag: undefined },
      ],
    }
    const health = createHealth({ replicas, token: 't' })
    const response = await health.details(request('t'))
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      checks: { replicas: { status: 'warn', problem: 'Out of use: west.' } },
    })
  })
})

describe('migrations', () => {
  const expected = ['20260101000000_init', '20260201000000_add_loads']

  const migrationsOf = async (readyWhenNewer?: boolean) => {
    const migrations = { expected, ...(readyWhenNewer !== undefined && { readyWhenNewer }) }
    const report = await createHealth({ pool, migrations }).report()
    return { ready: report.ready, ...report.checks['migrations']?.facts }
  }

  it('are all pending in a database without a history', async () => {
    expect(await migrationsOf()).toMatchObject({ ready: false, pending: expected, failed: [] })
  })

  it('make the instance ready when all are applied, not when one failed or is pending', async () => {
    await runSql(
      database.url,
      `CREATE TABLE _prisma_migrations (migration_name text, started_at timestamptz DEFAULT now(), finished_at timestamptz, rolled_back_at timestamptz);
       INSERT INTO _prisma_migrations VALUES ('20260101000000_init', now(), now(), NULL), ('20260201000000_add_loads', now(), NULL, NULL)`,
    )
    expect(await migrationsOf()).toMatchObject({ ready: false, pending: [], failed: [expected[1]] })
    await runSql(
      database.url,
      `UPDATE _prisma_migrations SET rolled_back_at = now() WHERE finished_at IS NULL`,
    )
    expect(await migrationsOf()).toMatchObject({ ready: false, pending: [expected[1]], failed: [] })
    await runSql(
      database.url,
      `INSERT INTO _prisma_migrations VALUES ('20260201000000_add_loads', now(), now(), NULL)`,
    )
    expect(await migrationsOf()).toMatchObject({ ready: true, applied: 2, pending: [], newer: [] })
  })

  it('that this build does not know leave it ready, unless `readyWhenNewer` is false', async () => {
    await runSql(
      database.url,
      `INSERT INTO _prisma_migrations VALUES ('20260301000000_later', now(), now(), NULL)`,
    )
    expect(await migrationsOf()).toMatchObject({ ready: true, newer: ['20260301000000_later'] })
    expect(await migrationsOf(false)).toMatchObject({ ready: false })
    await runSql(
      database.url,
      `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '20260301000000_later'`,
    )
    const running = { ready: true, failed: [], newer: ['20260301000000_later'] }
    expect(await migrationsOf()).toMatchObject(running)
  })

  it("are read from Prisma's folder", () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'migrations-'))
    for (const name of expected.toReversed()) {
      mkdirSync(path.join(folder, name))
      writeFileSync(path.join(folder, name, 'migration.sql'), '')
    }
    mkdirSync(path.join(folder, 'not-a-migration'))
    writeFileSync(path.join(folder, 'migration_lock.toml'), '')
    expect(migrationsIn(folder)).toEqual(expected)
  })
})
