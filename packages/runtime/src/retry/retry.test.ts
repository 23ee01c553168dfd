import { once } from 'node:events'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { startCluster } from '../../../slipway/test/cluster.ts'
import type { TestDatabase } from '../../../slipway/test/postgres.ts'
import { runSql } from '../../../slipway/test/run-sql.ts'
import { createTables, createTestDatabase } from '../../test/database.ts'
import { type Gate, startGate } from '../../test/gate.ts'
import { PrismaClient } from '../../test/generated/client.ts'
import { createPool } from '../pool/index.ts'
import { createRetryPolicy, type Retry, retry, type RetryOptions, withRetry } from './index.ts'

let database: TestDatabase
let gate: Gate
const clients: PrismaClient[] = []
beforeAll(async () => {
  database = await createTestDatabase()
  gate = await startGate(database.url)
})
afterEach(async () => {
  gate.hang(false)
  for (const client of clients.splice(0)) await client.$disconnect()
})
afterAll(async () => {
  await gate.close()
  await database.drop()
})

function connect(url = gate.url): PrismaClient {
  const adapter = new PrismaPg({ connectionString: url, max: 10, connectionTimeoutMillis: 2000 })
  const client = new PrismaClient({ adapter })
  clients.push(client)
  return client
}

function connectWithRetry(options: RetryOptions = {}) {
  const retries: Retry[] = []
  const client = connect().$extends(retry({ ...options, onRetry: (one) => retries.push(one) }))
  return { client, retries }
}

const countCarriers = async (name: string) => {
  const rows = await runSql(
    database.url,
    `SELECT count(*)::int AS n FROM carriers WHERE name = '${name}'`,
  )
  return rows[0]?.['n']
}

describe('operations', () => {
  it('retries a read whose connection is lost, before and after the server has answered', async () => {
    for (const when of ['before', 'after'] as const) {
      const { client, retries } = connectWithRetry()
      await client.carrier.count()
      gate.cut(when, 'SELECT')
      await expect(client.carrier.findUnique({ where: { id: 1 } })).resolves.toMatchObject({
        id: 1,
      })
      expect(retries).toMatchObject([
        { model: 'Carrier', action: 'findUnique', attempt: 1, error: { kind: 'connection-lost' } },
      ])
    }
  })

  it('does not repeat a write whose outcome is unknown', async () => {
    for (const when of ['before', 'after'] as const) {
      const { client, retries } = connectWithRetry()
      await client.carrier.count()
      gate.cut(when, 'INSERT')
      await expect(client.carrier.create({ data: { name: `Cut ${when}` } })).rejects.toThrow()
      expect(retries).toEqual([])
    }
    expect([await countCarriers('Cut before'), await countCarriers('Cut after')]).toEqual([0, 1])
  })

  it('repeats such a write if the caller says that it is idempotent', async () => {
    const { client } = connectWithRetry({ isIdempotent: ({ action }) => action === 'update' })
    await client.carrier.count()
    gate.cut('after', 'UPDATE')
    await client.carrier.update({ where: { id: 2 }, data: { name: 'Renamed once' } })
    expect(await countCarriers('Renamed once')).toBe(1)
  })

  it('repeats a write that the server rolled back', async () => {
    await runSql(
      database.url,
      `CREATE SEQUENCE tries; CREATE FUNCTION fail_twice() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF NEW.name = 'Third time' AND nextval('tries') < 3 THEN RAISE EXCEPTION 'not yet' USING ERRCODE = '40001'; END IF;
         RETURN NEW; END $$;
       CREATE TRIGGER fail_twice BEFORE INSERT ON carriers FOR EACH ROW EXECUTE FUNCTION fail_twice()`,
    )
    const { client, retries } = connectWithRetry()
    await client.carrier.create({ data: { name: 'Third time' } })
    expect(retries.map(({ attempt, error }) => [attempt, error.sqlState])).toEqual([
      [1, '40001'],
      [2, '40001'],
    ])
    expect(await countCarriers('Third time')).toBe(1)
  })

  it("does not retry the caller's mistakes", async () => {
    const { client, retries } = connectWithRetry()
    const duplicate = client.carrier.create({ data: { name: 'Twice', mcNumber: '100001' } })
    await expect(duplicate).rejects.toMatchObject({ code: 'P2002' })
    expect(retries).toEqual([])
  })

  it('waits for a server that restarts, with reads and with writes', async () => {
    const pool = createPool(gate.url, 'server', { acquireTimeout: 2000 })
    const base = new PrismaClient({ adapter: new PrismaPg(pool) })
    const client = base.$extends(retry())
    await client.carrier.count()
    await gate.close()
    // If the pool still had a connection, the outcome of a write on it would be unknown.
    await expect.poll(() => pool.totalCount).toBe(0)
    setTimeout(() => void gate.open(), 400)
    const [row, written] = await Promise.all([
      client.carrier.findUnique({ where: { id: 1 } }),
      client.carrier.create({ data: { name: 'Patient' } }),
    ])
    expect([row?.id, written.name]).toEqual([1, 'Patient'])
    expect(await countCarriers('Patient')).toBe(1)
    await base.$disconnect()
    await pool.end()
  })

  it('fails fast while the circuit is open, and closes it automatically', async () => {
    const { client } = connectWithRetry({ maxAttempts: 1, breaker: { failures: 3, openFor: 200 } })
    await gate.close()
    const codes: unknown[] = []
    for (let i = 0; i < 5; i++) codes.push(await codeOf(client.carrier.count()))
    expect(codes).toEqual(['P1001', 'P1001', 'P1001', 'CIRCUIT_OPEN', 'CIRCUIT_OPEN'])
    await gate.open()
    await expect.poll(() => codeOf(client.carrier.count())).toBe('done')
  })

  it('stops retrying when the budget is spent, and at the deadline', async () => {
    await gate.close()
    const poor = connectWithRetry({ breaker: false, budget: { ratio: 0, burst: 2 } })
    expect(await codeOf(poor.client.carrier.count())).toBe('P1001')
    expect(poor.retries).toHaveLength(2)
    let attempts = 0
    const policy = createRetryPolicy({
      maxAttempts: 2,
      breaker: false,
      budget: { ratio: 0, burst: 2 },
    })
    const attempt = () => Promise.reject(Object.assign(new Error(`${++attempts}`), REFUSED))
    for (const model of ['A', 'B'])
      await codeOf(policy.run({ model, action: 'count' }, attempt, () => true))
    expect(attempts).toBe(4)
    const late = connectWithRetry({ maxAttempts: 1000, deadline: 300 })
    const begin = performance.now()
    await codeOf(late.client.carrier.count())
    const elapsed = performance.now() - begin
    await gate.open()
    expect(late.retries.length).toBeGreaterThan(1)
    expect(elapsed).toBeLessThan(2000)
  })
})

describe('withRetry', () => {
  it('runs serializable transactions again until each has committed', async () => {
    const client = connect()
    await client.carrier.update({ where: { id: 3 }, data: { mileage: 0 } })
    const retries: Retry[] = []
    const policy = createRetryPolicy({
      maxAttempts: 100,
      deadline: 30_000,
      onRetry: (one) => retries.push(one),
    })
    const drive = () =>
      withRetry(
        client,
        async (tx) => {
          const { mileage } = await tx.carrier.findUniqueOrThrow({ where: { id: 3 } })
          await tx.carrier.update({ where: { id: 3 }, data: { mileage: mileage + 1n } })
        },
        { isolationLevel: 'Serializable', policy, maxWait: 10_000 },
      )
    await Promise.all(Array.from({ length: 12 }, drive))
    const { mileage } = await client.carrier.findUniqueOrThrow({ where: { id: 3 } })
    expect(mileage).toBe(12n)
    expect(retries.map(({ error }) => error.kind)).toContain('conflict')
  })

  it('resolves a deadlock', async () => {
    const client = connect()
    const bothHold = Promise.withResolvers<void>()
    const oneCommitted = Promise.withResolvers<void>()
    let attempts = 0
    let holders = 0
    const lock = async (first: number, second: number) => {
      await withRetry(
        client,
        async (tx) => {
          // Otherwise the retry could lock a row before the other transaction does: a second deadlock.
          if (++attempts > 2) await oneCommitted.promise
          await tx.carrier.update({ where: { id: first }, data: { mileage: { increment: 1 } } })
          if (++holders === 2) bothHold.resolve()
          await bothHold.promise
          await tx.carrier.update({ where: { id: second }, data: { mileage: { increment: 1 } } })
        },
        { maxWait: 10_000, timeout: 30_000 },
      )
      oneCommitted.resolve()
    }
    await Promise.all([lock(5, 6), lock(6, 5)])
    const rows = await client.carrier.findMany({ where: { id: { in: [5, 6] } } })
    expect(rows.map(({ mileage }) => mileage)).toEqual([2n, 2n])
    expect(attempts).toBe(3)
  })

  it('runs again if the connection was lost before COMMIT, because nothing was committed', async () => {
    const client = connect()
    await client.carrier.count()
    gate.cut('after', 'INSERT')
    await withRetry(client, (tx) => tx.carrier.create({ data: { name: 'Before commit' } }))
    expect(await countCarriers('Before commit')).toBe(1)
  })

  it('waits for a server that restarts, also while the circuit is open', async () => {
    const client = connect()
    await client.carrier.count()
    await gate.close()
    setTimeout(() => void gate.open(), 600)
    const create = (index: number) =>
      withRetry(client, (tx) => tx.carrier.create({ data: { name: 'Restarted', mileage: index } }))
    // Enough transactions to open the circuit.
    const rows = await Promise.all(Array.from({ length: 8 }, (_, index) => create(index)))
    expect([rows.length, await countCarriers('Restarted')]).toEqual([8, 8])
  })

  it.each([
    ['before', 0],
    ['after', 1],
  ] as const)(
    'reports an unknown outcome if the connection is lost %s the server commits',
    async (when, rows) => {
      const client = connect()
      await client.carrier.count()
      gate.cut(when, 'COMMIT')
      const work = withRetry(client, (tx) =>
        tx.carrier.create({ data: { name: `Unknown ${when}` } }),
      )
      await expect(work).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
      expect(await countCarriers(`Unknown ${when}`)).toBe(rows)
    },
  )

  it.each(['before', 'after'] as const)(
    'asks the server if the connection is lost %s it commits',
    async (when) => {
      const client = connect()
      await client.carrier.count()
      let runs = 0
      gate.cut(when, 'COMMIT')
      const row = await withRetry(
        client,
        (tx) => {
          runs++
          return tx.carrier.create({ data: { name: `Confirmed ${when}` } })
        },
        { confirmCommit: true },
      )
      expect(row.name).toBe(`Confirmed ${when}`)
      expect(await countCarriers(`Confirmed ${when}`)).toBe(1)
      expect(runs).toBe(when === 'before' ? 2 : 1)
    },
  )

  it('does not trust a transaction id after a crash of one backend, which the postmaster survives', async () => {
    const cluster = await startCluster()
    const own = await startGate(cluster.url)
    try {
      await createTables(cluster.url)
      const committed = async () => {
        const rows = await runSql(cluster.url, `SELECT FROM carriers WHERE name = 'Crashed'`)
        return rows.length === 1
      }
      const work = withRetry(
        connect(own.url),
        async (tx) => {
          await tx.carrier.create({ data: { name: 'Crashed' } })
          own.hang(true)
        },
        { confirmCommit: true },
      )
      const failed = expect(work).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
      await vi.waitUntil(committed, { timeout: 10_000 })
      await crashBackend(cluster.url)
      own.hang(false)
      await failed
    } finally {
      await own.close()
      await cluster.stop()
    }
  })

  it('does not repeat a callback that failed on its own', async () => {
    const client = connect()
    let runs = 0
    const work = withRetry(client, async (tx) => {
      runs++
      await tx.carrier.create({ data: { name: 'Half' } })
      throw new RangeError('no such carrier')
    })
    await expect(work).rejects.toBeInstanceOf(RangeError)
    expect([runs, await countCarriers('Half')]).toEqual([1, 0])
  })
})

const REFUSED = { code: 'ECONNREFUSED' }

/** Kills a session's process, whereupon the server ends all sessions and recovers. */
async function crashBackend(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const ended = once(client, 'error')
  process.kill(rows[0]?.pid ?? Number.NaN, 'SIGKILL')
  await ended
}

async function codeOf(work: PromiseLike<unknown>): Promise<unknown> {
  try {
    await work
    return 'done'
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}
