import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Gate, startGate } from '../../../packages/runtime/test/gate.ts'
import { runSql } from '../../../packages/slipway/test/run-sql.ts'
import type { Problem } from '../src/schemas.ts'
import { type Application, type Call, startApplication } from './application.ts'
import { checked } from './contract.ts'

/** What clients see while the database is down, slow, read-only, full, or behind this build; and that they recover. */

let application: Application
let gate: Gate
let role: string
let call: Call
beforeAll(async () => {
  application = await startApplication({
    url: async (url) => {
      gate = await startGate(url)
      const through = new URL(gate.url)
      through.search = 'pool_timeout=1&connection_limit=3'
      // A connection limit does not apply to a superuser.
      role = `${through.pathname.slice(1)}_app`
      await runSql(
        url,
        `CREATE ROLE ${role} LOGIN PASSWORD 'app'; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role};
         GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${role}`,
      )
      Object.assign(through, { username: role, password: 'app' })
      return through.href
    },
  })
  call = checked(application.call)
  await call('/api/carriers?limit=1')
})
afterEach(async () => {
  gate.hang(false)
  await expect.poll(readiness, { timeout: 10_000 }).toBe(200)
})
afterAll(async () => {
  await gate?.close()
  await run(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
  await application?.close()
})

const readiness = async () => (await application.call('/api/health/ready')).status
const read = () => call('/api/carriers?limit=1')
const write = (name: string) => call('/api/carriers', { method: 'POST', json: { name } })

async function run(sql: string): Promise<Record<string, unknown>[]> {
  const url = new URL(application.database.url)
  // Works even while the database is read-only for everyone else.
  url.searchParams.set('options', '-c default_transaction_read_only=off')
  return await runSql(url.href, sql)
}

/** New connections have new settings. */
async function reconnect(): Promise<void> {
  await gate.close()
  await gate.open()
}

/** Expects a 503 response that reveals nothing about the cause. */
async function expectUnavailable(response: Response): Promise<void> {
  const text = await response.text()
  const { status, title } = JSON.parse(text) as Problem
  expect([response.status, status, title]).toEqual([503, 503, 'Service Unavailable'])
  expect(response.headers.get('retry-after')).toMatch(/^\d+$/)
  expect(text).not.toMatch(/SELECT|INSERT|prisma|postgres|127\.0\.0\.1|at .*\.ts/i)
}

// Before the outages, because they use up the application's retry budget.
describe('a connection that is lost', () => {
  it('during COMMIT leaves one carrier, and the response is 201', async () => {
    gate.cut('after', 'COMMIT')
    const response = await write('Committed unseen')
    expect(response.status).toBe(201)
    expect(
      await run(`SELECT count(*)::int AS n FROM carriers WHERE name = 'Committed unseen'`),
    ).toEqual([{ n: 1 }])
  })

  it('before COMMIT leaves one carrier, too: the transaction is run again', async () => {
    gate.cut('before', 'INSERT')
    expect((await write('Run again')).status).toBe(201)
    expect(await run(`SELECT count(*)::int AS n FROM carriers WHERE name = 'Run again'`)).toEqual([
      { n: 1 },
    ])
  })
})

describe('the API while the database', () => {
  it('is down answers 503, stays alive, and recovers', async () => {
    await gate.close()
    await expectUnavailable(await read())
    await expectUnavailable(await write('While down'))
    expect((await application.call('/api/health/live')).status).toBe(200)
    await expect.poll(readiness, { timeout: 10_000 }).toBe(503)
    await gate.open()
    await expect.poll(async () => (await read()).status, { timeout: 10_000 }).toBe(200)
    expect(await run(`SELECT 1 FROM carriers WHERE name = 'While down'`)).toEqual([])
  })

  it('is down only for a moment answers as usual', async () => {
    await gate.close()
    const answer = read()
    setTimeout(() => void gate.open(), 300)
    expect((await answer).status).toBe(200)
  })

  it('keeps all connections busy answers 503 in time', async () => {
    const lock = new pg.Client({ connectionString: application.database.url })
    await lock.connect()
    await lock.query('BEGIN; LOCK TABLE carriers IN ACCESS EXCLUSIVE MODE')
    // Three operations hold all connections of the pool and wait for the lock; the fourth waits for a connection.
    const waiting = [read(), read(), read()]
    const begin = performance.now()
    await expectUnavailable(await read())
    expect(performance.now() - begin).toBeLessThan(10_000)
    await lock.query('COMMIT')
    await lock.end()
    const statuses = (await Promise.all(waiting)).map(({ status }) => status)
    expect(statuses).toEqual([200, 200, 200])
  })

  it('accepts no more connections answers 503, and recovers', async () => {
    await run(`ALTER ROLE ${role} CONNECTION LIMIT 0`)
    await reconnect()
    await expectUnavailable(await read())
    await expectUnavailable(await write('While full'))
    await run(`ALTER ROLE ${role} CONNECTION LIMIT -1`)
    await expect.poll(async () => (await read()).status, { timeout: 10_000 }).toBe(200)
    expect(await run(`SELECT 1 FROM carriers WHERE name = 'While full'`)).toEqual([])
  })

  it('is too slow answers 503 when a statement times out', async () => {
    await run(`ALTER ROLE ${role} SET lock_timeout = '300ms'`)
    await reconnect()
    const lock = new pg.Client({ connectionString: application.database.url })
    await lock.connect()
    await lock.query('BEGIN; LOCK TABLE carriers IN ACCESS EXCLUSIVE MODE')
    await expectUnavailable(await read())
    await expectUnavailable(await write('While slow'))
    await lock.query('COMMIT')
    await lock.end()
    await run(`ALTER ROLE ${role} RESET lock_timeout`)
    await reconnect()
    expect(await run(`SELECT 1 FROM carriers WHERE name = 'While slow'`)).toEqual([])
  })

  it('is read-only answers reads, and 503 to writes', async () => {
    const { name } = application.database
    await run(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
    await reconnect()
    await expectUnavailable(await write('While read-only'))
    expect((await read()).status).toBe(200)
    await run(`ALTER DATABASE ${name} RESET default_transaction_read_only`)
    await reconnect()
    await expect
      .poll(async () => (await write('Writable again')).status, { timeout: 10_000 })
      .toBe(201)
  })

  it('waits for migrations of this build is not ready, and answers 503', async () => {
    await run(
      "ALTER TABLE carriers RENAME COLUMN version TO later; UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name LIKE '%add_carrier_version'",
    )
    await expect.poll(readiness, { timeout: 10_000 }).toBe(503)
    await expectUnavailable(await read())
    await run(
      'ALTER TABLE carriers RENAME COLUMN later TO version; UPDATE _prisma_migrations SET rolled_back_at = NULL',
    )
    await expect.poll(readiness, { timeout: 10_000 }).toBe(200)
  })
})
